"""Find the files of a submission, and read their texts."""

from __future__ import annotations

import codecs
import io
import os
import tokenize
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from harness.base.untrusted import UnreadableError, read_bytes
from harness.problem import problem
from harness.submission.filenames import is_usable, shown
from harness.submission.required_names import FILES

__all__ = ["MAX_TEXT", "FoundFiles", "copy", "find_files", "read_text", "text_of"]

MAX_TEXT = 4 << 20
MAX_FILES = 5_000
MAX_DEPTH = 8
#: The repository's own packages.
OURS = frozenset([problem().place, "harness", *problem().problem.readable])
LEFT_OUT = ("__pycache__", "__MACOSX", "node_modules", "site-packages", "venv", "env", "results-reference")
MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@dataclass
class FoundFiles:
    """The files in a folder, at any depth."""

    root: Path
    files: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    is_locked: bool = False
    """The folder can't be read."""


def find_files(root: Path) -> FoundFiles:
    """Find the plain files below a folder, those near its top first.

    Hidden files and installed packages are left out.
    """
    found = FoundFiles(root)
    folders = [(root, 0)]
    for folder, depth in folders:
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except PermissionError:
            found.is_locked = folder == root
            found.notes.append(f"The folder {folder.relative_to(root)} can't be read: change its permissions.")
            continue
        except OSError:
            continue
        for entry in entries:
            hidden = entry.name.startswith(".") or entry.name in LEFT_OUT
            if hidden or entry.is_symlink():
                if entry.name in FILES:
                    found.notes.append(f"{entry.name} is a link, which isn't followed: hand in the file itself.")
            elif not is_usable(entry.name):
                if len(found.notes) < 10:
                    found.notes.append(f"{shown(entry.name)} was left out: its name has control characters, rename it.")
            elif entry.is_dir() and depth < MAX_DEPTH and not _is_ours(entry):
                folders.append((Path(entry.path), depth + 1))
            elif entry.is_file():
                found.files.append(Path(entry.path).relative_to(root))
        if len(found.files) > MAX_FILES:
            found.notes.append(f"Only {MAX_FILES:,} files were looked at: hand in code, results and the write-up only.")
            break
    return found


def _is_ours(entry: os.DirEntry[str]) -> bool:
    """Whether a folder is one of this repository's packages, submitted with the rest."""
    return entry.name in OURS and os.path.isfile(os.path.join(entry.path, "__init__.py"))


def copy(source: Path, target: Path, limit: int = MAX_TEXT) -> int:
    """Copy a plain file of at most ``limit`` bytes. Return its size in bytes, or -1 if it was not copied."""
    with suppress(UnreadableError, OSError):
        data = read_bytes(source, limit)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        return len(data)
    return -1


def read_text(path: Path) -> str:
    """The text of a file of at most MAX_TEXT bytes; empty if it can't be read."""
    try:
        return text_of(read_bytes(path, MAX_TEXT))
    except UnreadableError:
        return ""


def text_of(data: bytes) -> str:
    """Decode a file by its byte order mark, the encoding that it declares, or UTF-8."""
    encoding = next((name for mark, name in MARKS.items() if data.startswith(mark)), "")
    if not encoding:
        try:
            encoding, _ = tokenize.detect_encoding(io.BytesIO(data[:1000]).readline)
        except (SyntaxError, ValueError):
            encoding = "utf-8"
    return data.decode(encoding, "replace")
