"""Grade one submission of a batch, in a process that grades many."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from harness.base.cluster import ClusterError, demand
from harness.base.process_pool import interruptible
from harness.base.untrusted import UnreadableError, read_bytes
from harness.classroom import digests
from harness.classroom.journal import Entry, Status
from harness.facts import facts_of
from harness.gradebook import UNGRADED, Gradebook, Reason, not_graded
from harness.grading import RunOptions, grade
from harness.host.launch import shared_launcher
from harness.reports import gradescope, html
from harness.reports.text import cut, last_line, plain
from harness.submission.intake import Submission, SubmissionError, open_submission
from harness.submission.required_names import FILES

__all__ = ["Graded", "Task", "as_result", "grade_one"]

FACTS = "facts.json"
"""The file with what was measured about a submission, beside what is marked by hand."""
MAX_MODULE = 4 << 20
MAX_REASON = 500
OVERTIME = 240.0
"""seconds behind a submission's deadline, after which something has gone wrong with the grader itself"""


@dataclass(frozen=True)
class Task:
    """A submission to be graded."""

    id: str
    path: Path
    name: str
    """The name in reports."""
    seed: int
    deadline: float
    """seconds; tests that are left then are not run"""
    known: str = ""
    """the key of the grade that it has; empty where there is none"""
    there: bool = True
    """The submission was there when the batch began. Then every machine that grades has to see it."""
    grader: str = ""
    """The value that :func:`harness.classroom.digests.of_grader` must have where it is graded. An empty one is not
    compared."""

    @property
    def key(self) -> str:
        """What the grade depends on."""
        return self.key_for(digests.of_submission(self.path))

    def key_for(self, files: str) -> str:
        """The key where this is the digest of what was handed in."""
        parts = files, digests.of_grader(), str(self.seed), f"{self.deadline:g}", self.name
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Graded:
    """What came of it."""

    entry: Entry
    report: str
    """results.json"""
    page: str
    modules: dict[str, bytes]
    """The modules as they were graded, by file name."""
    material: dict[str, bytes]
    """The files that are marked by hand, by their path in ``work/ID/``."""


# Two at a time would share pytest's state; a cluster's worker may be told to have several threads.
_alone = threading.Lock()


def grade_one(task: Task) -> Graded | None:
    """Grade a submission; None where the grade that it has is still right.

    Raises:
        ClusterError: this machine can't grade it as the others do.
    """
    with _alone, interruptible():
        if task.there:
            demand(task.path)
        if task.grader not in ("", digests.of_grader()):
            raise ClusterError(
                f"{socket.gethostname()} has another version of this software: install the same one everywhere."
            )
        files = digests.of_submission(task.path)
        key = task.key_for(files)
        if key == task.known:
            return None
        with _ended_after(task.deadline + OVERTIME), TemporaryDirectory(prefix="harness-marking-") as place:
            gradebook, status, reason, modules = _gradebook(task, Path(place) / "work")
            facts = facts_of(Path(place) / "work", gradescope.render(gradebook))
            material = {**_files(Path(place) / "work"), FACTS: msgspec.json.encode(facts)}
    return as_result(task, gradebook, status, reason, modules, key, material, files)


def as_result(
    task: Task,
    gradebook: Gradebook,
    status: Status,
    reason: str = "",
    modules: Mapping[str, bytes] | None = None,
    key: str = "",
    material: Mapping[str, bytes] | None = None,
    files: str = "",
) -> Graded:
    """A gradebook as what the journal keeps of it.

    Args:
        key: of the grade; without one it is graded again when the batch is taken up.
        material: the files that are marked by hand.
        files: the digest of what was handed in, where it was looked at.
    """
    entry = Entry(
        task.id,
        status,
        key,
        cut(plain(reason), MAX_REASON),
        {test.number: outcome.score for test, outcome in gradebook.results},
        {test.number: outcome.state for test, outcome in gradebook.results},
        _code(modules or {}),
        gradebook.seconds,
        files,
        digests.of_grader() if files else "",
        task.seed,
    )
    report = json.dumps(gradescope.render(gradebook), indent=1, allow_nan=False) + "\n"
    return Graded(entry, report, html.render(gradebook), dict(modules or {}), dict(material or {}))


def _gradebook(task: Task, work: Path) -> tuple[Gradebook, Status, str, dict[str, bytes]]:
    if not task.there:
        said = "the submission is missing: export the submissions again"
        return not_graded(UNGRADED, (), said, task.name, task.seed), Status.FAULT, said, {}
    if not os.access(task.path, os.R_OK | (os.X_OK if task.path.is_dir() else 0)):
        said = "the submission can't be read: change its permissions"  # so it is no zero
        return not_graded(UNGRADED, (), said, task.name, task.seed), Status.FAULT, said, {}
    try:
        with open_submission(task.path, marking=work) as submission:
            modules = _modules(submission)
            options = RunOptions(deadline=task.deadline)
            gradebook = grade(submission, name=task.name, seed=task.seed, launcher=shared_launcher(), options=options)
    except SubmissionError as error:
        reason = str(error).replace(str(task.path), "The submission")
        return not_graded(reason, submission=task.name, seed=task.seed), Status.REFUSED, reason, {}
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        gradebook = not_graded(UNGRADED, (), traceback.format_exc(), task.name, task.seed)
        return gradebook, Status.FAULT, reason, {}
    if gradebook.interrupted:
        raise KeyboardInterrupt
    if gradebook.undecided or gradebook.faults:
        faults = [*gradebook.faults, *(outcome.fault for _, outcome in gradebook.results if outcome.fault)]
        reason = last_line(faults[0])
        return gradebook, Status.UNDECIDED, reason, modules
    if late := [test.number for test, outcome in gradebook.results if outcome.reason is Reason.OUT_OF_TIME]:
        reason = (
            f"{len(late)} tests were not run after {task.deadline:g} seconds (the first is {late[0]}): raise --deadline"
        )
        return gradebook, Status.OVERDUE, reason, modules
    return gradebook, Status.GRADED, "", modules


def _modules(submission: Submission) -> dict[str, bytes]:
    modules = {}
    for name in FILES:
        try:
            modules[name] = read_bytes(submission.folder / name, MAX_MODULE)
        except UnreadableError:
            continue
    return modules


def _files(folder: Path) -> dict[str, bytes]:
    """The files below a folder of ours, by path."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def _code(modules: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, data in sorted(modules.items()):
        digest.update(name.encode() + hashlib.sha256(data.replace(b"\r\n", b"\n")).digest())
    return digest.hexdigest() if modules else ""


@contextmanager
def _ended_after(seconds: float) -> Iterator[None]:
    """End this process if it stands still: who waits for it learns that it is gone, and gives the work to another."""
    timer = threading.Timer(seconds, os._exit, (75,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
