"""Open a student's submission: a folder, a module, a notebook or an archive.

:func:`find` reads a folder that is ready to be graded. :func:`open_submission` also accepts everything else, and makes
such a folder. Unpacking and parsing (:mod:`harness.submission.gather`) run in a separate process with limits, so that a
hostile file only leads to one sentence.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from harness import ROOT
from harness.failure import Failure, StackLine
from harness.host.server_process import uses_template
from harness.problem import problem
from harness.submission.file_search import read_text
from harness.submission.hints import hints
from harness.submission.required_names import FILES

__all__ = [
    "ACCEPTED",
    "Item",
    "Origin",
    "Setting",
    "Submission",
    "SubmissionError",
    "as_data",
    "find",
    "from_data",
    "open_submission",
]

MODULE_FILES = f"{', '.join(FILES[:-1])} and {FILES[-1]}"
ACCEPTED = f"a folder with {MODULE_FILES}, one of these, a notebook (.ipynb) or an archive (.zip, .tar.gz)"
"""The kinds of submissions that can be graded, as text for messages."""
UNDEFINED = re.compile(r"name '(\w+)' is not defined")
MARKING = "marking"
"""The folder, in the scratch folder, with the material for marking by hand."""
SECONDS = 100
"""Seconds for unpacking and reading. A gigabyte of results takes about 20."""


class SubmissionError(Exception):
    """The submission can't be graded. The text is one sentence that says why and what to do."""


@dataclass(frozen=True)
class Origin:
    """The origin of a module's lines in a notebook."""

    first: int
    """The first of the lines in the module, counted from 1."""
    count: int
    label: str
    """The label of the cell."""
    line: int
    """The first of the lines in the cell, counted from 1."""


@dataclass(frozen=True)
class Setting:
    """A call that changes something for all code when a module is imported."""

    file: str
    line: int
    call: str


@dataclass(frozen=True)
class Item:
    """A line of the checklist: something that the submission should have, and that gives no points."""

    what: str
    done: bool | None
    """True or False; None if it can't be determined."""
    found: str
    """The finding and what to do, as the end of a line."""

    @property
    def sign(self) -> str:
        return "·" if self.done is None else "✓" if self.done else "✗"


@dataclass(frozen=True)
class Submission:
    """A folder with at least one of the modules."""

    folder: Path
    name: str
    """The name in reports."""
    results: Path | None = None
    """The folder that run_experiments.py wrote, if there is one."""
    answers: str = ""
    """The written answers, in the form of answers.md."""
    notes: tuple[str, ...] = ()
    """One sentence for each thing that a student should know about how the submission was read."""
    checklist: tuple[Item, ...] = ()
    origins: dict[str, list[Origin]] = field(default_factory=dict)
    """The origins of the lines of modules that were made from a notebook, by file name."""
    unmade: dict[str, str] = field(default_factory=dict)
    """Names that such modules use but the notebook doesn't provide, each with the reason."""
    settings: dict[str, tuple[Setting, ...]] = field(default_factory=dict)
    """The calls that change Python or its libraries when a module is imported, by file name."""

    def explanations(self, part: str, failure: Failure | None) -> list[str]:
        """Possible causes of a mistake in a part, a sentence each: a missing package, an older Python.

        Args:
            failure: the failed call; None if the code ran and a check found the mistake.
        """
        found = [] if failure is None else [*hints(failure), *self._missing(part, failure)]
        for setting in self.settings.get(_file_of(part), ()):
            file, line = self._place(setting.file, setting.line)
            found.append(f"{file}, line {line} sets {setting.call} for all code, which may be the reason.")
        return found

    def _missing(self, part: str, failure: Failure) -> Iterator[str]:
        """Say why a module lacks a name: the notebook doesn't provide it, or a call in another process sets it."""
        name = UNDEFINED.search(failure.message) if failure.type_name == "NameError" else None
        if name is None:
            return
        if reason := self.unmade.get(name[1]):
            yield f"{reason}."
        # The part's own module is used, and not the one that the failure names, since a worker may name any file.
        if re.search(rf"^[ \t]*global\b.*\b{name[1]}\b", read_text(self.folder / _file_of(part)), re.MULTILINE):
            yield f"Another function sets {name[1]}, perhaps in another process: return it, and pass it as an argument."

    def located(self, stack: Iterable[StackLine]) -> list[StackLine]:
        """Translate lines of modules that were made from a notebook into lines of its cells.

        ``layers.py, line 40`` becomes ``Code Cell 2.1, line 12``.
        """
        lines = []
        for one in stack:
            file, line = self._place(one.file, one.line)
            lines.append(StackLine(file, line, one.function, one.code))
        return lines

    def _place(self, file: str, line: int) -> tuple[str, int]:
        """The name and number of a module's line at the place where it was written."""
        if file not in self.origins:
            return file, line
        for origin in self.origins[file]:
            if origin.first <= line < origin.first + origin.count:
                return origin.label, origin.line + line - origin.first
        return f"the module made from the notebook ({file})", line


def _file_of(part: str) -> str:
    module = problem().module_of(part)
    return module.file if module is not None else ""


def find(path: Path) -> Submission:
    """Find the submission at ``path``: a folder with the modules, or with a folder ``student`` that has them.

    Raises:
        SubmissionError: there is no submission.
    """
    _check_exists(path)
    if not path.is_dir():
        raise SubmissionError(f"{path} is a file: name {ACCEPTED}.")
    try:
        if (path / "student").is_symlink():
            raise SubmissionError(f"{path / 'student'} is a link, which isn't followed: hand in the folder itself.")
        for folder in (path, path / "student"):
            modules = [folder / file for file in FILES if (folder / file).is_file()]
            if locked := [module for module in modules if not os.access(module, os.R_OK)]:
                raise SubmissionError(f"{locked[0]} can't be read: change its permissions.")
            if modules:
                return Submission(folder.resolve(), path.resolve().name, _results(path, folder))
        empty = not any(path.iterdir())
    except PermissionError:
        raise SubmissionError(f"{path} can't be read: change its permissions.") from None
    if empty:
        raise SubmissionError(f"{path} is empty: name {ACCEPTED}.")
    raise SubmissionError(f"{path} holds none of the modules: name {ACCEPTED}.")


def _check_exists(path: Path) -> None:
    try:
        if not path.exists():
            raise SubmissionError(f"{path} does not exist: name {ACCEPTED}.")
        str(path.absolute()).encode()
    except UnicodeEncodeError:
        raise SubmissionError(f"{path} can't be read: its name is not valid UTF-8, so rename it.") from None
    except (PermissionError, ValueError):
        raise SubmissionError(f"{path} can't be read: change its permissions.") from None


def _results(path: Path, folder: Path) -> Path | None:
    """The folder of results in the submission, or next to its ``student/``, or None."""
    places = [folder, path] + ([folder.resolve().parent] if folder.resolve().name == "student" else [])
    for place in places:
        with suppress(OSError):  # a place that can't be looked into holds none
            if (place / "results").is_dir() and not (place / "results").is_symlink():
                return (place / "results").resolve()
    return None


# ---- anything that is handed in ------------------------------------------------------------------------------


@contextmanager
def open_submission(path: Path, marking: Path | None = None) -> Iterator[Submission]:
    """Open the submission at ``path`` as a folder that can be graded, for as long as the context lasts.

    Args:
        path: a notebook, an archive, a module, or a folder that has one of these or the modules at any depth.
        marking: a new folder for the material that is marked by hand (:mod:`harness.submission.material`). It is
            written even if no code can be graded, but not if nothing could be read.

    Raises:
        SubmissionError: nothing of it can be graded.
    """
    _check_exists(path)
    with tempfile.TemporaryDirectory(prefix="harness-submission-", ignore_cleanup_errors=True) as scratch:
        os.chmod(scratch, 0o755)  # workers are other users
        try:
            submission = _gathered(path, Path(scratch).resolve(), marking is not None)
        finally:
            if marking is not None and (Path(scratch) / MARKING).is_dir():
                shutil.move(Path(scratch) / MARKING, marking)
        yield submission


def _gathered(path: Path, scratch: Path, marking: bool) -> Submission:
    arguments = [str(path.absolute()), str(scratch), str(path), *(["marking"] if marking else [])]
    try:
        output, errors = _gather_in_fork(arguments) if uses_template() else _gather_in_interpreter(arguments)
    except subprocess.TimeoutExpired:
        raise SubmissionError(f"{path} took too long to read: hand in code, results and the write-up only.") from None
    try:
        answer = msgspec.json.decode(output)
        return from_data(answer["submission"]) if "submission" in answer else _refuse(answer["problem"])
    except (msgspec.DecodeError, msgspec.ValidationError, KeyError, TypeError):
        said = errors.decode(errors="replace").strip().rpartition("\n")[2][:300]
        raise SubmissionError(
            f"{path} can't be read{f' ({said})' if said else ''}: it may need too much memory; hand in code, results "
            "and the write-up only."
        ) from None


def _gather_in_interpreter(arguments: Sequence[str]) -> tuple[bytes, bytes]:
    """Run :mod:`harness.submission.gather` in a new interpreter. Return its output and its errors."""
    command = [sys.executable, "-m", "harness.submission.gather", *arguments]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=SECONDS, check=False)
    return process.stdout, process.stderr


def _gather_in_fork(arguments: Sequence[str]) -> tuple[bytes, bytes]:
    """Run :mod:`harness.submission.gather` in a process forked from this one. Return its output and its errors.

    A warm server's process has imported the module already, and saves the 0.3 s that a new interpreter takes. The new
    process keeps none of this one's open files, so that it can't ask for anything in this one's name.
    """
    from harness.submission import gather  # imports this module

    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        pid = os.fork()
        if pid == 0:
            try:
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                os.dup2(output.fileno(), 1)
                os.dup2(errors.fileno(), 2)
                os.closerange(3, os.sysconf("SC_OPEN_MAX"))
                sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
                gather.main(arguments)
                sys.stdout.flush()
            except BaseException:
                os.write(2, traceback.format_exc().encode())
            finally:
                os._exit(0)
        ended = os.pidfd_open(pid)
        try:
            if not select.select([ended], [], [], SECONDS)[0]:
                raise subprocess.TimeoutExpired("gather", SECONDS)
        finally:
            os.close(ended)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        output.seek(0)
        errors.seek(0)
        return output.read(), errors.read()


def _refuse(problem: str) -> Submission:
    raise SubmissionError(problem)


def as_data(submission: Submission) -> Any:
    """Turn a submission into JSON-compatible data."""
    return msgspec.to_builtins(submission, enc_hook=str)


def from_data(data: Any) -> Submission:
    """Turn data of :func:`as_data` into the submission."""
    return msgspec.convert(data, Submission, dec_hook=lambda kind, value: kind(value))
