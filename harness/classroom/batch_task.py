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
"""Seconds after a submission's deadline at which the grader itself must have a fault."""


@dataclass(frozen=True)
class Task:
    """A submission to grade."""

    id: str
    path: Path
    name: str
    """The name in reports."""
    seed: int
    deadline: float
    """Seconds after which the remaining tests are skipped."""
    known: str = ""
    """The key of the submission's existing grade; empty if it has none."""
    there: bool = True
    """The submission existed when the batch began. Then every grading machine must see it."""
    grader: str = ""
    """The value that :func:`harness.classroom.digests.of_grader` must have on the grading machine. An empty value isn't
    compared.
    """

    @property
    def key(self) -> str:
        """A digest of everything that the grade depends on."""
        return self.key_for(digests.of_submission(self.path))

    def key_for(self, files: str) -> str:
        """The key for a submission whose files have this digest."""
        parts = files, digests.of_grader(), str(self.seed), f"{self.deadline:g}", self.name
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Graded:
    """The result of grading a submission."""

    entry: Entry
    report: str
    """The text of results.json."""
    page: str
    modules: dict[str, bytes]
    """The graded modules, by file name."""
    material: dict[str, bytes]
    """The files that are marked by hand, by their path in ``work/ID/``."""


# Two gradings at a time would share pytest's state, and a cluster's worker may have several threads.
_alone = threading.Lock()


def grade_one(task: Task) -> Graded | None:
    """Grade a submission. Return None if its existing grade is still valid.

    Raises:
        ClusterError: this machine lacks the submission, or has another version of the grader.
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
    """Turn a gradebook into a result for the journal.

    Args:
        key: the key of the grade. Without one, the submission is graded again when the batch is resumed.
        material: the files that are marked by hand.
        files: the digest of all submitted files, if they were read.
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
    """The content of the files below a folder of the grader, by path."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def _code(modules: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, data in sorted(modules.items()):
        digest.update(name.encode() + hashlib.sha256(data.replace(b"\r\n", b"\n")).digest())
    return digest.hexdigest() if modules else ""


@contextmanager
def _ended_after(seconds: float) -> Iterator[None]:
    """End this process if it hangs. Its parent then notices, and gives the task to another process."""
    timer = threading.Timer(seconds, os._exit, (75,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
