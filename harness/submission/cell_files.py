"""Files that a notebook's cells write with ``%%writefile``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from harness.submission.required_names import FILES

__all__ = ["Written", "written_by"]

MAGIC = re.compile(r"%%(?:writefile|file)\s+(-a\s+|--append\s+)?(.+?)\s*")
MAX_FOLDERS = 3
#: Folders that a notebook in Colab or in this repository writes to. They are no part of a module's name.
ELSEWHERE = ("content", "drive", "MyDrive", "student")


@dataclass(frozen=True)
class Written:
    """A Python file that a cell writes."""

    path: str
    """The module's path as imports see it: ``layers.py``, ``mine/helpers.py``."""
    appends: bool


def written_by(first_line: str) -> Written | None:
    """The Python file that a cell writes, by the cell's first line; None if it writes none."""
    match = MAGIC.fullmatch(first_line.strip())
    if match is None:
        return None
    *folders, name = PurePosixPath(match[2].strip("'\"")).parts or ("",)
    if not name.endswith(".py"):
        return None
    if name in FILES:
        return Written(name, bool(match[1]))
    parts = [part for part in (*folders, name) if part not in ("/", ".", "..")]
    while parts[:-1] and (parts[0] in ELSEWHERE or not parts[0].isidentifier()):
        del parts[0]
    names = [*parts[:-1], parts[-1].removesuffix(".py")]
    if len(names) > MAX_FOLDERS or not all(name.isidentifier() and name.isascii() for name in names):
        return None
    return Written("/".join(parts), bool(match[1]))
