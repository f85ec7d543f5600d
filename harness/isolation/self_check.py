"""The self-check of the isolation (``grader doctor``): its own probes try to break out.

Its submission, :mod:`harness.isolation.probes`, runs in a worker like any other, and tries what a hostile one would
try. The probes aren't hostile, so their own reports can be trusted.

A broken probe fails too, and that proves nothing. So each probe must first *succeed* where it is allowed to: in the
same worker with a harmless argument, or in a process without isolation. After that, only these refusals count:

=====================  =========================================================================================
EPERM                  seccomp, for every call that it denies; a change of user without root's powers
EACCES                 Landlock, and files and processes of another user
ENOENT                 for another process in /proc alone, where the machine hides it (``hidepid``)
EFBIG, MemoryError     limits of a file and of the address space
deadline               the endless loop
=====================  =========================================================================================

seccomp answers ENOSYS to clone3 and openat2 (the C library then uses older calls, which get EPERM), to queries of other
processes' affinity, and to unknown calls. No probe runs into these. Any other result is a fault of the self-check. Then
it isn't known what student code could do, so nothing that requires isolation is graded.
"""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec

from harness import ROOT
from harness.edition import EDITION, SECRET_FOLDERS
from harness.host.failures import SandboxError, StudentError
from harness.host.proxies import Student
from harness.host.workers import Launcher
from harness.isolation.limits import Limits
from harness.problem import problem

__all__ = ["Finding", "Outcome", "SelfCheck", "check", "layers", "quick_check", "with_secret"]

#: The module of the submission that contains the probes.
MODULE = problem().module[0]
SECRET = "HARNESS_DOCTOR_SECRET"
PROBES = Path(__file__).with_name("probes.py").read_text(encoding="utf-8")

#: A program that runs probes without isolation. It reads pairs of a name and arguments as JSON, and prints the results.
UNCONFINED = """
import json, runpy, sys
probes = runpy.run_path(sys.argv[1])
answers = []
for name, arguments in json.load(sys.stdin):
    try:
        answers.append([probes[name](*arguments), ""])
    except Exception as error:
        answers.append([None, f"{type(error).__name__}: {error}"])
json.dump(answers, sys.stdout)
"""

DENIED = frozenset({f"[Errno {errno.EPERM}]", f"[Errno {errno.EACCES}]"})
HIDDEN = DENIED | {f"[Errno {errno.ENOENT}]"}
TOO_LARGE = frozenset({f"[Errno {errno.EFBIG}]"})
NO_MEMORY = frozenset({"MemoryError"})
DEADLINE = frozenset({"deadline"})


class Outcome(Enum):
    """The outcome of an attempt."""

    REFUSED = "refused"
    REACHED = "got through"
    FAULT = "fault"
    """The self-check is broken, and it isn't known whether student code would succeed."""


@dataclass(frozen=True)
class Finding:
    """An attempt with its outcome."""

    attempt: str
    """The attempt, as words that follow "student code could"."""
    outcome: Outcome
    how: str
    """The refusal, the things that were reached, or the fault."""
    needed: bool = True
    """Isolation requires that this attempt is refused."""


@dataclass(frozen=True)
class SelfCheck:
    """All findings of one run of the self-check."""

    findings: tuple[Finding, ...]

    @property
    def breaches(self) -> list[str]:
        """The attempts that succeeded although isolation forbids them."""
        return [one.attempt for one in self.findings if one.needed and one.outcome is Outcome.REACHED]

    @property
    def faults(self) -> list[Finding]:
        """The attempts whose outcome isn't known."""
        return [one for one in self.findings if one.outcome is Outcome.FAULT]

    @property
    def problem(self) -> str:
        """One sentence on why student code isn't isolated here; empty if it is."""
        if self.faults:
            first, others = self.faults[0], len(self.faults) - 1
            more = f", nor whether {others} more attempts are refused" if others else ""
            return (
                f"the self-check of the isolation is broken: it can't tell whether student code could {first.attempt} "
                f"here{more} ({first.how})."
            )
        if not self.findings:
            return "the self-check of the isolation is broken: it tried nothing."
        return f"student code could {', '.join(self.breaches)} here." if self.breaches else ""


@dataclass(frozen=True)
class Attempt:
    """An action of a probe, with the arguments by which the probe first shows that it works."""

    name: str
    probe: str
    arguments: tuple[Any, ...] = ()
    allowed: tuple[Any, ...] | None = None
    """Arguments with which the probe must succeed in the same worker; None: there are none."""
    unconfined: tuple[Any, ...] | None = None
    """Arguments with which the probe must succeed in a process without isolation; None: this isn't tried."""
    refusals: frozenset[str] = DENIED
    needed: bool = True
    missing: str = ""
    """The missing thing without which the attempt can't be made, which is a fault; empty if nothing is missing."""


def with_secret() -> None:
    """Put a secret into this process's environment. Call this before the launcher to be checked starts."""
    os.environ[SECRET] = secrets.token_hex(8)


def layers(launcher: Launcher) -> Iterator[tuple[str, str]]:
    """The layers of the sandbox here: the name of each, with its version or the reason why it is missing."""
    sandbox = getattr(launcher, "sandbox", None)
    if sandbox is None:
        yield "own process", "an interpreter for each part: deadlines, and no protection beyond that"
        return
    yield "own process", "forked for each test"
    users = f"yes: one of {sandbox.users.start} to {sandbox.users.stop - 1}" if sandbox.users else ""
    yield "own user", users or f"no: {sandbox.why_not['own user']}"
    yield "Landlock", f"yes: version {sandbox.landlock}" if sandbox.landlock else f"no: {sandbox.why_not['Landlock']}"
    yield "seccomp", "yes" if sandbox.seccomp else f"no: {sandbox.why_not['seccomp']}"


def quick_check(launcher: Launcher, others: Mapping[str, Sequence[Path]] | None = None) -> SelfCheck:
    """Try only what isolation must refuse. This is quick enough for the beginning of a run.

    Args:
        others: further files and folders that must be out of reach, by the name of the attempt to read them.
    """
    return _checked(launcher, False, others or {})


def check(launcher: Launcher) -> SelfCheck:
    """Try everything, including the limits."""
    return _checked(launcher, True, {})


def _checked(launcher: Launcher, thorough: bool, others: Mapping[str, Sequence[Path]]) -> SelfCheck:
    findings = []
    with tempfile.TemporaryDirectory(prefix="harness-doctor-") as place:  # of mode 0700
        folder = Path(place)
        (folder / "submission").mkdir()
        (folder / "submission" / MODULE.file).write_text(PROBES, encoding="utf-8")
        (folder / "results.json").write_text("{}", encoding="utf-8")
        try:
            attempts = [*_reading(folder, others), *_needed(launcher, folder), *(_limits(launcher) if thorough else ())]
        except SandboxError as error:
            return SelfCheck((Finding("start at all", Outcome.FAULT, _in_short(str(error))),))
        broken = _broken_without_isolation(attempts, folder)
        for attempt in attempts:
            if attempt.missing or attempt.name in broken:
                how = attempt.missing or broken[attempt.name]
                findings.append(Finding(attempt.name, Outcome.FAULT, how, attempt.needed))
            else:
                findings.append(_try(launcher, folder / "submission", attempt))
    return SelfCheck(tuple(findings))


# ---- what is tried -------------------------------------------------------------------------------------------


def _reading(folder: Path, others: Mapping[str, Sequence[Path]]) -> Iterator[Attempt]:
    """Attempts to read the secret files and folders."""
    for name, content in SECRET_FOLDERS[EDITION].items():
        yield _read(f"read {content}", (ROOT / name, *sorted((ROOT / name).rglob("*"))), name)
    yield _read("read the report", (folder, folder / "results.json"), str(folder))
    for name, paths in others.items():
        yield _read(name, paths, "its list")


def _read(name: str, paths: Sequence[Path], where: str) -> Attempt:
    missing = "" if any(path.is_file() for path in paths) else f"{where} holds no file to try"
    open_to_all = Path(msgspec.__file__)  # what student code imports from has to be readable
    return Attempt(
        name, "read", ([*map(str, paths)],), allowed=([str(open_to_all.parent), str(open_to_all)],), missing=missing
    )


def _needed(launcher: Launcher, folder: Path) -> Iterator[Attempt]:
    """Attempts at everything else that isolation forbids."""
    yield Attempt("write beside the report", "write", (str(folder / "other.json"),), allowed=("allowed",))
    if sys.platform != "linux":  # elsewhere the tests can be read, which is enough to be not isolated
        return
    pid = os.getpid()
    sandbox = getattr(launcher, "sandbox", None)
    user = 1 if os.geteuid() == 0 and not (sandbox and sandbox.users) else 0
    yield Attempt("change the tests", "change_mode", (str(problem().suites),), unconfined=(str(folder),))
    yield Attempt("send a signal to the grader", "send_signal", (pid,), allowed=("self",))
    yield Attempt(
        "read the grader's memory",
        "open_of_process",
        (f"/proc/{pid}/mem",),
        unconfined=("/proc/self/mem",),
        refusals=HIDDEN,
    )
    yield Attempt("inherit the grader's environment", "environment", (SECRET,), allowed=("HOME",), unconfined=(SECRET,))
    yield Attempt(
        "read the grader's environment",
        "open_of_process",
        (f"/proc/{pid}/environ",),
        unconfined=("/proc/self/environ",),
        refusals=HIDDEN,
    )
    yield Attempt("become root" if user == 0 else "use root's powers", "change_user", (user,), allowed=("self",))
    yield Attempt("start a process", "start_process", unconfined=())
    yield Attempt("open a connection", "make_socket", unconfined=())  # no socket, no connection


def _limits(launcher: Launcher) -> Iterator[Attempt]:
    """Attempts to exceed limits. Scores stay correct without these limits."""
    limits: Limits = launcher.limits
    shared = Path(tempfile.gettempdir()) / f"harness-doctor-{secrets.token_hex(4)}"
    name = "leave a file in the folder for temporary files"
    yield Attempt(name, "write", (str(shared),), allowed=("allowed",), needed=False)
    if sys.platform == "linux":
        yield Attempt("make memory that is not counted", "uncounted_memory", unconfined=(), needed=False)
    size = limits.memory_bytes + (1 << 30)
    name = f"take {size >> 30} GB of memory"
    yield Attempt(name, "much_memory", (size,), allowed=(1 << 20,), refusals=NO_MEMORY, needed=False)
    size = limits.file_bytes + 1
    name = f"write a file of {size >> 20} MB"
    yield Attempt(name, "large_file", (size,), allowed=(1 << 20,), refusals=TOO_LARGE, needed=False)
    yield Attempt("never end", "run_for", (1e9,), allowed=(0.001,), refusals=DEADLINE, needed=False)


# ---- trying it -----------------------------------------------------------------------------------------------


def _broken_without_isolation(attempts: Sequence[Attempt], folder: Path) -> dict[str, str]:
    """The attempts whose probe fails in a process without isolation, each with the probe's output."""
    tried = [attempt for attempt in attempts if attempt.unconfined is not None]
    command = [sys.executable, "-I", "-c", UNCONFINED, str(folder / "submission" / MODULE.file)]
    order = json.dumps([(attempt.probe, attempt.unconfined) for attempt in tried])
    try:
        done = subprocess.run(command, input=order, capture_output=True, text=True, cwd=folder, timeout=60, check=False)
        answers = json.loads(done.stdout) if done.returncode == 0 else None
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        return dict.fromkeys((attempt.name for attempt in tried), _in_short(f"{type(error).__name__}: {error}"))
    if not isinstance(answers, list) or len(answers) != len(tried):
        said = done.stderr.strip().rpartition("\n")[2] or "its control ended without a message"
        return dict.fromkeys((attempt.name for attempt in tried), _in_short(said))
    return {
        attempt.name: f"its probe fails without isolation, too: {_in_short(said or f'it answered {value}')}"
        for attempt, (value, said) in zip(tried, answers, strict=True)
        if value is not True
    }


def _try(launcher: Launcher, submission: Path, attempt: Attempt) -> Finding:
    """Make one attempt in a worker of its own, after its probe has shown there that it works."""
    student = Student(launcher, submission, MODULE.part, seed=0)
    try:
        outcome, how = Outcome.FAULT, _broken_in_worker(student, attempt)
        if not how:
            outcome, how = _outcome(student, attempt)
    except Exception as error:  # of the sandbox itself
        outcome, how = Outcome.FAULT, f"{type(error).__name__}: {error}"
    finally:
        student.close()
    return Finding(attempt.name, outcome, _in_short(how), attempt.needed)


def _broken_in_worker(student: Student, attempt: Attempt) -> str:
    """The fault of a probe that fails although it is allowed to succeed; empty if it succeeds."""
    if attempt.allowed is None:
        return "" if attempt.unconfined is not None else "its probe has no control"
    try:
        got = getattr(getattr(student, MODULE.name), attempt.probe)(*attempt.allowed)
    except StudentError as error:
        return f"its probe fails where it is allowed: {_said(error)}"
    expected = attempt.allowed[0] if attempt.probe == "read" else True
    return "" if type(got) is type(expected) and got == expected else f"its probe answers {got} where it is allowed"


def _outcome(student: Student, attempt: Attempt) -> tuple[Outcome, str]:
    try:
        reached = getattr(getattr(student, MODULE.name), attempt.probe)(*attempt.arguments)
    except StudentError as error:
        return Outcome.REFUSED if _is_refusal(error, attempt) else Outcome.FAULT, _said(error)
    if reached is True:
        return Outcome.REACHED, "done"
    if isinstance(reached, list) and reached:
        return Outcome.REACHED, f"done: {len(reached)} of {len(attempt.arguments[0])}, as {reached[-1]}"
    if reached is False:
        return Outcome.REFUSED, "nothing of it is there"
    if reached == []:
        return Outcome.REFUSED, "PermissionError for all of it"
    return Outcome.FAULT, f"its probe answers {reached}"


def _is_refusal(error: StudentError, attempt: Attempt) -> bool:
    """Whether an exception is the isolation's refusal of this attempt."""
    failure = error.failure
    if failure.kind == "timeout":
        return "deadline" in attempt.refusals
    if failure.kind != "exception":  # it can't be imported, or its process died
        return False
    number = re.match(r"\[Errno \d+\]", failure.message)
    return (number[0] if number else failure.type_name) in attempt.refusals


def _said(error: StudentError) -> str:
    failure = error.failure
    if failure.kind == "timeout":
        return "stopped at the deadline"
    text = re.sub(r"\[Errno \d+\] |: '.*'$", "", failure.message)
    return f"{failure.type_name}: {text}" if failure.type_name else text


def _in_short(text: str) -> str:
    return " ".join(text.split())[:100]
