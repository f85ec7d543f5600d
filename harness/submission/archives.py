"""Unpack untrusted archives safely.

Only plain files and folders are created, only below the given folder, and only within limits of number and size.
Everything else (links, devices, paths that leave the folder, impossible names) is skipped with a sentence. An
:class:`ArchiveError` says why a whole archive can't be used.
"""

from __future__ import annotations

import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from harness.submission.filenames import is_usable, shown

__all__ = ["ArchiveError", "is_archive", "unpack"]

MAX_ENTRIES = 5_000
MAX_BYTES = 1 << 30
"""The most bytes that an archive may unpack to. Results of all parts have about 400 MB."""
MAX_RATIO = 200
"""The largest ratio of unpacked to packed bytes. Weights, pictures and text stay below 20."""
SMALL = 16 << 20
"""The number of bytes that any archive may unpack to, whatever its ratio."""
MAX_DEPTH = 20
MAX_NOTES = 10
BLOCK = 1 << 20
#: The bit position at which zips store an entry's file type (Unix).
TYPE_SHIFT = 16


class ArchiveError(Exception):
    """The archive can't be used. The text is the end of a sentence that says why and what to do."""


@dataclass(frozen=True)
class _Entry:
    name: str
    kind: str
    """The kind of entry: ``file``, ``folder``, or another kind in words."""
    open: Callable[[], IO[bytes] | None]


def is_archive(path: Path) -> bool:
    """Whether a file's content is that of an archive that can be unpacked."""
    try:
        return zipfile.is_zipfile(path) or tarfile.is_tarfile(path)
    except Exception:
        return False


def unpack(archive: Path, folder: Path) -> list[str]:
    """Unpack an archive into an empty folder. Return a sentence for each entry that was skipped.

    Raises:
        ArchiveError: the archive can't be used.
    """
    try:
        limit = min(MAX_BYTES, max(SMALL, MAX_RATIO * archive.stat().st_size))
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as opened:
                return _unpack(_zip_entries(opened), folder, limit)
        with tarfile.open(archive, errors="surrogateescape") as tar:
            return _unpack(_tar_entries(tar), folder, limit)
    except ArchiveError:
        raise
    except Exception as error:  # the libraries raise many kinds for files that were made to
        reason = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
        raise ArchiveError(f"is damaged or not an archive ({reason}): pack it again") from error


def _zip_entries(opened: zipfile.ZipFile) -> Iterator[_Entry]:
    for info in opened.infolist():
        mode = info.external_attr >> TYPE_SHIFT
        kind = "folder" if info.filename.endswith("/") else _kind(mode) if stat.S_IFMT(mode) else "file"
        if info.flag_bits & 1:
            raise ArchiveError("is protected by a password: pack it without one")

        def read(info: zipfile.ZipInfo = info) -> IO[bytes]:
            return opened.open(info)

        yield _Entry(info.filename, kind, read)


def _tar_entries(tar: tarfile.TarFile) -> Iterator[_Entry]:
    for info in tar:
        kind = "file" if info.isreg() else "folder" if info.isdir() else "link" if info.issym() or info.islnk() else ""

        def read(info: tarfile.TarInfo = info) -> IO[bytes] | None:
            return tar.extractfile(info)

        yield _Entry(info.name, kind or "device or pipe", read)


def _kind(mode: int) -> str:
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "folder"
    return "link" if stat.S_ISLNK(mode) else "device or pipe"


def _unpack(entries: Iterator[_Entry], folder: Path, left: int) -> list[str]:
    notes: list[str] = []
    for count, entry in enumerate(_readable(entries, notes)):
        if count >= MAX_ENTRIES:
            raise ArchiveError(f"has more than {MAX_ENTRIES:,} entries: pack only code, results and the write-up")
        if entry.name.rstrip("/") == ".":  # the folder itself
            continue
        name = _shown(entry.name)
        path = _inside(entry.name)
        if path is None:
            notes.append(f"{name} was left out: its name leads out of the archive or is not valid.")
            continue
        if _is_rubbish(path):
            continue
        if entry.kind == "folder":
            with suppress(OSError):
                (folder / path).mkdir(parents=True, exist_ok=True)
            continue
        if entry.kind != "file":
            notes.append(f"{name} was left out: it is a {entry.kind}, not a regular file.")
            continue
        problem, written = _write(entry, folder / path, left)
        left -= written
        if problem:
            notes.append(f"{name} {problem}.")
    if len(notes) > MAX_NOTES:
        notes[MAX_NOTES:] = [f"{len(notes) - MAX_NOTES:,} more entries were left out for reasons of this kind."]
    return notes


def _readable(entries: Iterator[_Entry], notes: list[str]) -> Iterator[_Entry]:
    """Yield the entries that a damaged archive still has. Damage before the first entry raises its error."""
    last = ""
    while True:
        try:
            entry = next(entries)
        except StopIteration:
            return
        except ArchiveError:
            raise
        except Exception:
            if not last:
                raise
            notes.append(f"The archive is damaged after {last}, and the files after it are lost: pack it again.")
            return
        last = _shown(entry.name)
        yield entry


def _write(entry: _Entry, path: Path, limit: int) -> tuple[str, int]:
    """Write a file. Return what was wrong with it, and the number of bytes written."""
    written = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            path.unlink()
            again = "is in the archive twice: the last one was used"
        else:
            again = ""
        source = entry.open()
        if source is None:
            return "was left out: it is not a regular file", 0
        with source, path.open("xb") as file:
            while block := source.read(BLOCK):
                written += len(block)
                if written > limit:
                    raise ArchiveError("would fill the disk once unpacked: pack only code, results and the write-up")
                file.write(block)
    except ArchiveError:
        raise
    except Exception:  # a wrong checksum, a method that isn't known, a name that the disk doesn't take
        with suppress(OSError):
            path.unlink(missing_ok=True)
        return "is damaged in the archive, or can't be written, and was left out: pack it again", written
    return again, written


def _inside(name: str) -> Path | None:
    """The entry's relative path inside the folder, or None if the name leads out of it."""
    if any("\udc80" <= char <= "\udcff" for char in name):  # a tar of a system whose names were no UTF-8
        name = name.encode("utf-8", "surrogateescape").decode("latin-1")
    name = name.replace("\\", "/")
    parts = [part for part in PurePosixPath(name).parts if part != "."]
    if not parts or name.startswith("/") or ".." in parts or ":" in parts[0] or len(parts) > MAX_DEPTH:
        return None
    try:
        fits = all(len(part.encode()) <= 255 for part in parts) and len(name.encode()) < 1000
    except UnicodeEncodeError:
        return None
    if not fits or not all(map(is_usable, parts)):
        return None
    return Path(*parts)


def _is_rubbish(path: Path) -> bool:
    """Whether an operating system added this file to the archive by itself."""
    return "__MACOSX" in path.parts or path.name in (".DS_Store", "Thumbs.db") or path.name.startswith("._")


def _shown(name: str) -> str:
    return shown(name) or "An entry without a name"
