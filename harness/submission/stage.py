"""Copy what a submission has for the workers to read: plain files of modest size, and nothing that a link leads to."""

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
#: Folders that student code doesn't need to be graded: results have checks of their own.
LEFT_OUT = ("__pycache__", "results", "results-reference", "node_modules")
#: Endings of compiled modules, which Python would import in the place of the source beside them.
COMPILED = (*EXTENSION_SUFFIXES, *BYTECODE_SUFFIXES)


def stage(submission: Path, folder: Path) -> None:
    """Copy a submission into a new folder.

    Left out are links, pipes and other things that are no plain files, hidden ones, folders of results, what Python
    would import in the place of a module's source, and what is larger or more than code needs. A module that can't be
    copied is replaced by one that says why when it is imported.
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
        # A time of reading that lies ahead is not renewed by reading: no worker tells the next one anything by it.
        os.utime(folder / relative, (time.time() + 30 * 86_400, time.time()))


def left_out(submission: Path) -> list[str]:
    """A sentence for each file of code that :func:`stage` doesn't copy, ten at most."""
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
    """Something that changes when a file of the submission does."""
    found = []
    for entry, relative in _entries(submission):
        status = entry.stat(follow_symlinks=False)
        found.append((relative, status.st_mode, status.st_ino, status.st_size, status.st_mtime_ns))
    return found


def _entries(submission: Path, notes: list[str] | None = None) -> Iterator[tuple[os.DirEntry[str], Path]]:
    """Folders and files in a submission, a folder before what is in it; notes say what of code is passed over."""
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
    """Whether the name is text: others can't be shown, nor imported."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
