"""What this machine puts between student code and the rest, found out by trying to get through (``grader doctor``).

A submission of the doctor's own runs in a worker like any other and tries what a hostile one would. What it says about
itself is good enough here: it is not hostile.
"""

from __future__ import annotations

import os
import re
import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from grader import ROOT
from grader.sandbox.failures import StudentError
from grader.sandbox.limits import Limits
from grader.sandbox.proxies import Student
from grader.sandbox.workers import Launcher

__all__ = ["Finding", "examine", "layers", "open_ways", "with_secret"]

SECRET = "PSET2_DOCTOR_SECRET"

#: The doctor's submission. Each function tries one thing and returns what it got; a refusal is an exception.
PROBES = """
import ctypes, os, signal, socket, time


def read(path):
    with open(path, "rb") as file:
        return file.read(10)


def write(path):
    with open(path, "a") as file:
        file.write("x")
    os.unlink(path)


def change_mode(path):
    os.chmod(path, 0o700)


def send_signal(pid):
    os.kill(pid, 0)


def read_memory(pid):
    with open(f"/proc/{pid}/mem", "rb"):
        pass


def environment(name):
    with open("/proc/self/environ", "rb") as file:
        if name.encode() not in file.read() and name not in os.environ:
            raise KeyError(name)


def start_process():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def connect():
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("127.0.0.1", 9))


def become_root(user):
    if user == 0:
        os.mknod("device", 0o666 | 0o020000, os.makedev(1, 1))  # takes a power of root's
    os.setuid(0)


def uncounted_memory():
    os.close(os.memfd_create("hidden"))


def much_memory(size):
    return len(bytearray(size))


def large_file(size):
    with open("large", "wb") as file:
        file.truncate(size)


def never_end():
    while True:
        pass
"""


@dataclass(frozen=True)
class Finding:
    """What became of one attempt."""

    attempt: str
    """what was tried, in words"""
    refused: bool
    how: str
    """the refusal, or what was reached"""
    needed: bool
    """whether isolation needs the refusal"""


def with_secret() -> None:
    """Put something secret into this process's environment, before a launcher is started that is to be examined."""
    os.environ[SECRET] = secrets.token_hex(8)


def layers(launcher: Launcher) -> Iterator[tuple[str, str]]:
    """The layers that workers have here: name, and the version or why it is missing."""
    wall = getattr(launcher, "wall", None)
    if wall is None:
        yield "own process", "an interpreter for each part: deadlines, and no protection beyond that"
        return
    yield "own process", "forked for each test"
    users = f"yes: one of {wall.users.start} to {wall.users.stop - 1}" if wall.users else ""
    yield "own user", users or f"no: {wall.why_not['own user']}"
    yield "Landlock", f"yes: version {wall.landlock}" if wall.landlock else f"no: {wall.why_not['Landlock']}"
    yield "seccomp", "yes" if wall.seccomp else f"no: {wall.why_not['seccomp']}"


def open_ways(launcher: Launcher, other: Path | None = None) -> list[Finding]:
    """What isolation needs to be refused here, and isn't; quick, for the beginning of a run.

    Args:
        other: a file that somebody else has handed in, which has to be out of reach as well.
    """
    return [found for found in _attempts(launcher, False, other) if found.needed and not found.refused]


def examine(launcher: Launcher) -> list[Finding]:
    """Everything that is tried, limits included."""
    return list(_attempts(launcher, True))


def _attempts(launcher: Launcher, thorough: bool, other: Path | None = None) -> Iterator[Finding]:
    with tempfile.TemporaryDirectory(prefix="pset2-doctor-") as place:  # of mode 0700
        submission, report = Path(place) / "submission", Path(place) / "results.json"
        submission.mkdir()
        (submission / "training.py").write_text(PROBES, encoding="utf-8")
        report.write_text("{}", encoding="utf-8")
        limits: Limits = launcher.limits
        secret_files = {
            "read the tests": ROOT / "grader" / "suites" / "checks.py",
            "read the solution": ROOT / "grader" / "solution" / "quantization.py",
            "read the report": report,
        }
        for attempt, path in secret_files.items():
            if path.exists():  # the students' copy goes without a solution
                yield _try(launcher, submission, attempt, "read", str(path))
        if other is not None:
            yield _try(launcher, submission, "read what others have handed in", "read", str(other))
        yield _try(launcher, submission, "write beside the report", "write", str(report.parent / "other.json"))
        yield _try(launcher, submission, "change the tests", "change_mode", str(ROOT / "grader" / "suites"))
        yield _try(launcher, submission, "send a signal to the grader", "send_signal", os.getpid())
        yield _try(launcher, submission, "read the grader's memory", "read_memory", os.getpid())
        yield _try(launcher, submission, "read the grader's environment", "environment", SECRET)
        yield _try(launcher, submission, "become root", "become_root", os.geteuid() if hasattr(os, "geteuid") else -1)
        yield _try(launcher, submission, "start a process", "start_process")
        yield _try(launcher, submission, "open a connection", "connect")
        if thorough:
            shared = Path(tempfile.gettempdir()) / f"pset2-doctor-{secrets.token_hex(4)}"
            yield _try(
                launcher, submission, "leave a file in the folder for temporary files", "write", str(shared), False
            )
            yield _try(launcher, submission, "make memory that is not counted", "uncounted_memory", needed=False)
            size = limits.memory_bytes + (1 << 30)
            yield _try(launcher, submission, f"take {size >> 30} GB of memory", "much_memory", size, False)
            size = limits.file_bytes + 1
            yield _try(launcher, submission, f"write a file of {size >> 20} MB", "large_file", size, False)
            yield _try(launcher, submission, "never end", "never_end", needed=False)


def _try(
    launcher: Launcher, submission: Path, attempt: str, probe: str, argument: Any = None, needed: bool = True
) -> Finding:
    """One attempt in a worker of its own."""
    student = Student(launcher, submission, "1.1", seed=0)
    arguments = [] if argument is None else [argument]
    try:
        reached = getattr(student.training, probe)(*arguments)
    except StudentError as error:
        return Finding(attempt, True, _in_short(error), needed)
    except Exception as error:  # in this process itself, where there are no workers
        return Finding(attempt, True, f"{type(error).__name__}: {error}"[:100], needed)
    finally:
        student.close()
    return Finding(attempt, False, "done" if reached is None else f"done: {np.asarray(reached)!s:.40}", needed)


def _in_short(error: StudentError) -> str:
    failure = error.failure
    if failure.kind == "timeout":
        return "stopped at the deadline"
    text = re.sub(r"\[Errno \d+\] |: '.*'$", "", failure.message.replace("\n", " "))
    return f"{failure.type_name}: {text}"[:60] if failure.type_name else text[:60]
