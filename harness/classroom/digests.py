"""Digests of submissions and of the grader, which tell whether a grade is still valid."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from harness import ROOT
from harness.non_empty import at_least_one
from harness.problem import problem

__all__ = ["of_grader", "of_submission"]

#: The folders and files that a verdict can depend on.
DECIDES = (*problem().problem.readable, problem().place, "harness")
#: The folders in these that no verdict depends on.
DECIDES_NOTHING = (
    "harness/classroom",
    "harness/gradescope",
    "harness/handout",
    "harness/validation",
    f"{problem().place}/cases",
)
BLOCK = 1 << 20
MOST_BYTES = 4 << 30
"""The most bytes of a submission's files that are read."""


def of_submission(path: Path) -> str:
    """SHA-256 of a file, or of the names and contents of all files in a folder. Links are not followed."""
    digest = hashlib.sha256()
    left = MOST_BYTES
    for file, name in _files(path):
        digest.update(name.encode(errors="surrogateescape") + b"\0")
        try:
            status = file.lstat() if file != path else file.stat()
            if not stat.S_ISREG(status.st_mode):
                digest.update(b"no plain file")
                continue
            digest.update(status.st_size.to_bytes(8, "little"))
            with file.open("rb") as opened:
                while left > 0 and (block := opened.read(BLOCK)):
                    digest.update(block)
                    left -= len(block)
        except OSError:
            digest.update(b"can't be read")
    return digest.hexdigest()


def _files(path: Path) -> Iterator[tuple[Path, str]]:
    if not path.is_dir():
        yield path, ""
        return
    for place, folders, files in os.walk(path):
        folders.sort()
        for name in sorted(files):
            file = Path(place) / name
            yield file, file.relative_to(path).as_posix()


@cache
def of_grader() -> str:
    """SHA-256 of the suites, the solution and everything else that grades depend on."""
    digest = hashlib.sha256()
    for folder in DECIDES:
        paths = sorted((ROOT / folder).rglob("*"))
        for path in at_least_one(paths, f"A file in {folder}/", "install the grader again"):
            name = path.relative_to(ROOT).as_posix()
            if path.is_file() and "__pycache__" not in path.parts and not name.startswith(DECIDES_NOTHING):
                digest.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
