"""Copy a submission for the workers to read: plain files of moderate size, and no links."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from importlib.machinery import BYTECODE_SUFFIXES, EXTENSION_SUFFIXES
from pathlib import Path

from harness.base.untrusted import UnreadableError, read_bytes
from harness.submission.required_names import FILES

__all__ = ["fingerprint", "left_out", "stage"]

MAX_FILE_BYTES = 4 << 20
MAX_FILES = 500
MAX_BYTES = 64 << 20
MAX_DEPTH = 6
#: Folders that grading of code doesn't need. Results have checks of their own.
LEFT_OUT = ("__pycache__", "results", "results-reference", "node_modules")
#: Endings of compiled modules, which Python would import instead of the source beside them.
COMPILED = (*EXTENSION_SUFFIXES, *BYTECODE_SUFFIXES)


def stage(submission: Path, folder: Path) -> None:
    """Copy a submission into a new folder.

    Links, pipes and other special files, hidden files, folders of results, compiled modules, and files beyond the
    limits of size and number are left out. A module that can't be copied is replaced by one whose import says why.
    """
    folder.mkdir()
    folder.chmod(0o755)  # whatever the umask
    left = MAX_BYTES
    for entry, relative in _entries(submission):
        if entry.is_dir(follow_symlinks=False):
            (folder / relative).mkdir()
            (folder / relative).chmod(0o755)
            continue
        try:
            data = read_bytes(Path(entry.path), min(MAX_FILE_BYTES, left))
        except UnreadableError as error:
            if str(relative) not in FILES:
                continue
            link = f"{relative} is a link, which isn't followed" if entry.is_symlink() else str(error)
            data = f"raise ImportError({f'{link}: hand in the file itself.'!r})\n".encode()
        left -= len(data)
        (folder / relative).write_bytes(data)
        (folder / relative).chmod(0o644)
        # Reading doesn't update an access time in the future, so no worker can pass information to the next one by it.
        os.utime(folder / relative, (time.time() + 30 * 86_400, time.time()))


def left_out(submission: Path) -> list[str]:
    """A sentence for each code file that :func:`stage` doesn't copy, at most ten."""
    notes: list[str] = []
    copied = 0
    for entry, relative in _entries(submission, notes):
        if entry.name.endswith(".py") and str(relative) not in FILES:  # importing those says why itself
            if entry.is_symlink():
                notes.append(f"{relative} is a link, which isn't followed: hand in the file itself.")
            elif entry.is_file() and entry.stat().st_size > MAX_FILE_BYTES:
                notes.append(f"{relative} was left out: it has more than {MAX_FILE_BYTES >> 20} MB.")
        if entry.is_file(follow_symlinks=False) and (size := entry.stat().st_size) <= MAX_FILE_BYTES:
            copied += size
    if copied > MAX_BYTES:
        notes.append(f"Of the files beside the code only {MAX_BYTES >> 20} MB were copied: hand in code alone.")
    return notes[:10]


def fingerprint(submission: Path) -> object:
    """A value that changes when a file of the submission changes."""
    found = []
    for entry, relative in _entries(submission):
        status = entry.stat(follow_symlinks=False)
        found.append((relative, status.st_mode, status.st_ino, status.st_size, status.st_mtime_ns))
    return found


def _entries(submission: Path, notes: list[str] | None = None) -> Iterator[tuple[os.DirEntry[str], Path]]:
    """The folders and files of a submission, each folder before its content.

    Skipped code files are added to ``notes``.
    """
    notes = [] if notes is None else notes
    waiting = [(submission, Path(), 0)]
    count = 0
    while waiting:
        place, relative, depth = waiting.pop()
        try:
            with os.scandir(place) as found:
                entries = sorted(found, key=lambda entry: (entry.name not in FILES, entry.name))
        except OSError:
            continue
        for entry in entries:
            if entry.name.startswith(".") or not _is_writable_name(entry.name):
                continue
            if entry.name.endswith(COMPILED):
                notes.append(f"{relative / entry.name} was left out: it is compiled, hand in its source.")
                continue
            if entry.is_dir(follow_symlinks=False):
                if depth == 0 and f"{entry.name}.py" in FILES:
                    notes.append(f"The folder {entry.name} was left out: {entry.name}.py has to be a file.")
                    continue
                if entry.name in LEFT_OUT or depth == MAX_DEPTH:
                    continue
                waiting.append((Path(entry.path), relative / entry.name, depth + 1))
            count += 1
            if count > MAX_FILES:
                notes.append(f"Only {MAX_FILES} files and folders were copied: hand in code alone.")
                return
            yield entry, relative / entry.name


def _is_writable_name(name: str) -> bool:
    """Whether the name is valid text. Other names can't be shown or imported."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
