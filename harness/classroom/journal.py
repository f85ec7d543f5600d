"""The journal and files of a batch, so that it can be stopped and resumed.

::

    grades/ batch.json the header: the seed of its inputs, the folder of submissions journal.jsonl a line for each
        grading, as it came; of a submission's lines the last one counts reports/ID.html what a student reads, and
        ID.json, what Gradescope would code/ID/ the modules as they were graded work/ID/ what is marked by hand:
        answers.md, writeup.pdf, figures, records, and facts.json grades.csv, index.html

Lines are only added, so that a stopped batch keeps all its lines.
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
    """The folder can't be used. The text is one sentence that says what to do."""


class Status(str, Enum):
    """The status of a submission in a batch."""

    GRADED = "graded"
    UNDECIDED = "undecided"
    """The submission is graded, except for tests in which the grader had a fault."""
    OVERDUE = "out of time"
    """The submission is graded, except for tests that were not run before the deadline."""
    REFUSED = "nothing to grade"
    FAULT = "grader failed"
    """The grader's process died, hung, or had a fault before the tests."""
    WAITING = "not graded yet"


class Entry(msgspec.Struct, frozen=True):
    """A submission's line of the journal."""

    id: str
    status: Status
    key: str = ""
    """A digest of the submission and the grader. If it is unchanged, the grade is still valid."""
    reason: str = ""
    """The reason why the submission isn't graded, or not in full."""
    scores: dict[str, float] = {}
    """The scores by the numbers of the tests."""
    states: dict[str, State] = {}
    """The states by the same numbers."""
    code: str = ""
    """The SHA-256 digest of the modules."""
    seconds: float = 0.0
    files: str = ""
    """A digest of all submitted files, including the modules. Lines of older batches have none."""
    grader: str = ""
    """A digest of the grader: suites, solution, course and harness."""
    seed: int | None = None
    """The seed of the tests' inputs."""

    @property
    def score(self) -> float:
        return sum(self.scores.values())


class Header(msgspec.Struct, frozen=True):
    """The header of a batch."""

    seed: int
    submissions: str


class Journal:
    """The folder of a batch, with its journal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lines = folder / "journal.jsonl"
        self._header = folder / "batch.json"

    @property
    def exists(self) -> bool:
        return self._header.is_file() or self._lines.is_file()

    def begin(self, header: Header) -> None:
        """Create the folder if needed, and write the header."""
        for folder in (self.folder, self.folder / "reports", self.folder / "code", self.folder / "work"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # grades are nobody else's business
        write_atomically(self._header, msgspec.json.format(msgspec.json.encode(header)).decode() + "\n")
        self._mend()

    def header(self) -> Header:
        """The batch's header.

        Raises:
            JournalError: the header can't be read.
        """
        try:
            return msgspec.json.decode(self._header.read_bytes(), type=Header)
        except (OSError, msgspec.MsgspecError):
            raise JournalError(
                f"{self._header} can't be read: use --resume with --seed (index.html and all reports name it), or "
                "grade everything again with --replace."
            ) from None

    def forget(self) -> None:
        """Forget all gradings. Reports stay until they are replaced."""
        self._lines.unlink(missing_ok=True)

    def _mend(self) -> None:
        """End a truncated last line, so that the next line is separate."""
        if self._lines.is_file() and not (data := self._lines.read_bytes()).endswith(b"\n") and data:
            self._lines.write_bytes(data + b"\n")

    def entries(self) -> dict[str, Entry]:
        """The last line of each submission. Unreadable lines, as of a killed process, don't count."""
        return {id: gradings[-1] for id, gradings in self.gradings().items()}

    def gradings(self) -> dict[str, list[Entry]]:
        """All lines of each submission, oldest first."""
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
        """Write a submission's reports and its material for marking by hand, then its line.

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
        """Whether all files of a submission's grading exist."""
        return (
            self.report(id).is_file() and self.page(id).is_file() and self.code(id).is_dir() and self.work(id).is_dir()
        )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other batches out of the folder.

        Raises:
            JournalError: another batch uses the folder.
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
    """Replace the content of a folder by these files."""
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():  # __pycache__ of somebody who tried it
            shutil.rmtree(path)
        elif path.name not in files:
            path.unlink()
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
