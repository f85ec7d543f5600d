"""What a batch leaves, so that it can be stopped and taken up again.

::

    grades/
        batch.json          what it was: the seed of its inputs, the folder of submissions
        journal.jsonl        a line for each grading, as it came; of a submission's lines the last one counts
        reports/ID.html     what a student reads, and ID.json, what Gradescope would
        code/ID/            the modules as they were graded
        work/ID/            what is marked by hand: answers.md, writeup.pdf, figures, records, and facts.json
        grades.csv, index.html

Lines are only added: whatever stops a batch, all of them that were written are there.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from pathlib import Path

import msgspec

from harness.base.lock import lock
from harness.gradebook import State
from harness.reports.text import write_atomically

__all__ = ["Entry", "Header", "Journal", "JournalError", "Status"]


class JournalError(Exception):
    """The folder can't be used; the text is one sentence that says what to do."""


class Status(str, Enum):
    """What became of a submission."""

    GRADED = "graded"
    UNDECIDED = "undecided"
    """graded, but for tests in which the grader itself had a fault"""
    OVERDUE = "out of time"
    """graded, but for tests that were not run before the deadline"""
    REFUSED = "nothing to grade"
    FAULT = "grader failed"
    """the grader's process died or stood still, or had a fault before it came to the tests"""
    WAITING = "not graded yet"


class Entry(msgspec.Struct, frozen=True):
    """A submission's line of the journal."""

    id: str
    status: Status
    key: str = ""
    """A digest of what was graded and of what graded it. If both are as they were, so is the grade."""
    reason: str = ""
    """why it is not graded, or not in full"""
    scores: dict[str, float] = {}
    """The scores by the numbers of the tests."""
    states: dict[str, State] = {}
    """The states by the same numbers."""
    code: str = ""
    """SHA-256 of the modules: equal for equal ones"""
    seconds: float = 0.0
    files: str = ""
    """A digest of all that was handed in, of which the modules are a part. Lines of older batches have none."""
    grader: str = ""
    """A digest of what graded it: suites, solution, course and harness."""
    seed: int | None = None
    """The seed of the tests' inputs."""

    @property
    def score(self) -> float:
        return sum(self.scores.values())


class Header(msgspec.Struct, frozen=True):
    """What a batch was asked for."""

    seed: int
    submissions: str


class Journal:
    """The folder of a batch."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lines = folder / "journal.jsonl"
        self._header = folder / "batch.json"

    @property
    def exists(self) -> bool:
        return self._header.is_file() or self._lines.is_file()

    def begin(self, header: Header) -> None:
        """Make the folder, or make it this batch's."""
        for folder in (self.folder, self.folder / "reports", self.folder / "code", self.folder / "work"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # grades are nobody else's business
        write_atomically(self._header, msgspec.json.format(msgspec.json.encode(header)).decode() + "\n")
        self._mend()

    def header(self) -> Header:
        """What the batch was asked for.

        Raises:
            JournalError: that can't be read.
        """
        try:
            return msgspec.json.decode(self._header.read_bytes(), type=Header)
        except (OSError, msgspec.MsgspecError):
            raise JournalError(
                f"{self._header} can't be read: use --resume with --seed (index.html and all reports name it), or "
                "grade everything again with --replace."
            ) from None

    def forget(self) -> None:
        """Forget all gradings; reports stay until they are replaced."""
        self._lines.unlink(missing_ok=True)

    def _mend(self) -> None:
        """End a line that was cut off, so that the next one stands alone."""
        if self._lines.is_file() and not (data := self._lines.read_bytes()).endswith(b"\n") and data:
            self._lines.write_bytes(data + b"\n")

    def entries(self) -> dict[str, Entry]:
        """The last line of each submission. What can't be read, as of a process that was killed, doesn't count."""
        return {id: gradings[-1] for id, gradings in self.gradings().items()}

    def gradings(self) -> dict[str, list[Entry]]:
        """All lines of each submission, in the order of their writing."""
        found: dict[str, list[Entry]] = {}
        if self._lines.is_file():
            for line in self._lines.read_bytes().splitlines():
                try:
                    entry = msgspec.json.decode(line, type=Entry)
                except msgspec.MsgspecError:
                    continue
                found.setdefault(entry.id, []).append(entry)
        return found

    def add(
        self, entry: Entry, report: str, page: str, modules: Mapping[str, bytes], material: Mapping[str, bytes] = {}
    ) -> None:
        """Write a submission's reports, what is marked by hand of it, then its line.

        Args:
            material: the files for ``work/ID/``, by their path there.
        """
        write_atomically(self.report(entry.id), report)
        write_atomically(self.page(entry.id), page)
        _fill(self.code(entry.id), modules)
        _fill(self.work(entry.id), material)
        with self._lines.open("ab") as lines:
            lines.write(msgspec.json.encode(entry) + b"\n")

    def report(self, id: str) -> Path:
        return self.folder / "reports" / f"{id}.json"

    def page(self, id: str) -> Path:
        return self.folder / "reports" / f"{id}.html"

    def code(self, id: str) -> Path:
        return self.folder / "code" / id

    def work(self, id: str) -> Path:
        return self.folder / "work" / id

    def is_complete(self, id: str) -> bool:
        """Whether all that a grading leaves is there."""
        return (
            self.report(id).is_file() and self.page(id).is_file() and self.code(id).is_dir() and self.work(id).is_dir()
        )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other batches out of the folder.

        Raises:
            JournalError: one is at work there.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            held = lock(self.folder / ".lock")
        except BlockingIOError:
            raise JournalError(
                f"Another batch is writing into {self.folder}: wait for it, or name another folder with --out."
            ) from None
        with held:
            yield


def _fill(folder: Path, files: Mapping[str, bytes]) -> None:
    """Make a folder hold these files and nothing else."""
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():  # __pycache__ of somebody who tried it
            shutil.rmtree(path)
        elif path.name not in files:
            path.unlink()
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
