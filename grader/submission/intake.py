"""Find the six modules of a submission."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from grader.submission.stage import FILES

__all__ = ["Submission", "SubmissionError", "find"]


class SubmissionError(Exception):
    """What was handed in can't be graded; the text is one sentence that says why and what to do."""


@dataclass(frozen=True)
class Submission:
    """A folder with at least one of the six modules."""

    folder: Path
    name: str
    """for reports"""
    results: Path | None = None
    """what run_experiments.py left"""


def find(path: Path) -> Submission:
    """The submission at ``path``: a folder with the modules, or with a folder ``student`` that has them.

    Raises:
        SubmissionError: there is none.
    """
    expected = f"a folder with {', '.join(FILES[:-1])} and {FILES[-1]}"
    try:
        if not path.exists():
            raise SubmissionError(f"{path} does not exist: name {expected}.")
    except PermissionError:
        raise SubmissionError(f"{path} can't be read: change its permissions.") from None
    if path.suffix in (".zip", ".gz", ".tar", ".ipynb"):
        raise SubmissionError(f"{path} can't be graded as it is: unpack it and name {expected}.")
    if not path.is_dir():
        raise SubmissionError(f"{path} is a file: name {expected}.")
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
        raise SubmissionError(f"{path} is empty: name {expected}.")
    raise SubmissionError(f"{path} holds none of the six modules: name {expected}.")


def _results(path: Path, folder: Path) -> Path | None:
    """The folder of results: in the submission, next to its ``student/``, or next to ``student/`` in a repository."""
    places = [folder, path] + ([folder.resolve().parent] if folder.resolve().name == "student" else [])
    for place in places:
        with suppress(OSError):  # a place that can't be looked into holds none
            if (place / "results").is_dir() and not (place / "results").is_symlink():
                return (place / "results").resolve()
    return None
