"""Archives inside a submission. One is opened if it has the code; the others are only mentioned."""

from __future__ import annotations

import itertools
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from harness.submission.archives import ArchiveError, is_archive, unpack
from harness.submission.file_search import FoundFiles, copy, find_files, read_text
from harness.submission.filenames import is_called_archive, is_notebook, module_meant, shown
from harness.submission.intake import SubmissionError
from harness.submission.module_files import is_untouched
from harness.submission.notebook_files import read_notebooks
from harness.submission.required_names import DEFINES, FILES

__all__ = ["open_archives", "unpacked"]

MAX_DEEP = 3
MAX_LOOKED_INTO = 5
MAX_ENTRIES = 5_000
#: The most bytes of an archive that are read to list it, and of files beside it that are copied with it.
MAX_READ, MAX_BESIDE = 256 << 20, 1 << 30


def unpacked(archive: Path, folder: Path, name: str) -> list[str]:
    """Unpack an archive into a new folder. Return a sentence for each entry that was skipped.

    Raises:
        SubmissionError: the archive can't be unpacked.
    """
    folder.mkdir()
    try:
        return unpack(archive, folder)
    except ArchiveError as error:
        raise SubmissionError(f"{name} {error}.") from error


def open_archives(found: FoundFiles, scratch: Path, name: str) -> FoundFiles:
    """The files of a submission, with those of the archive that has the code, if one has.

    Raises:
        SubmissionError: the archive with the code can't be unpacked.
    """
    for depth in range(MAX_DEEP):
        inner = [file for file in found.files if is_called_archive(file.name) and is_archive(found.root / file)]
        if not inner:
            break
        beside = [file for file in found.files if file.suffix == ".py" or is_notebook(file.name)]
        if beside and _has_code(found, beside):
            found.notes.append(f"Not opened, since there is code beside: {_some(inner)}.")
            break
        alone = len(inner) == 1 and not beside
        able = inner if alone else [file for file in inner[:MAX_LOOKED_INTO] if _holds_code(found.root / file)]
        if len(able) != 1:
            if beside and not able:
                found.notes.append(f"Not opened, since there is no code in it: {_some(inner)}.")
                break
            raise SubmissionError(
                f"{name} holds {len(inner)} archives ({_some(inner)}): hand in the one with the code."
            )
        found = _opened(found, able[0], [file for file in inner if file not in able], scratch / f"unpacked-{depth}")
        if beside:
            found.notes.insert(0, f"{shown(able[0].as_posix())} was opened, since there is no code beside it.")
    return found


def _opened(found: FoundFiles, archive: Path, closed: Sequence[Path], inside: Path) -> FoundFiles:
    """The files of an archive, with the files beside it."""
    name = shown(archive.as_posix())
    notes = unpacked(found.root / archive, inside, name)
    if closed:
        notes.append(f"Not opened, since the code is in {name}: {_some(closed)}.")
    left, lost = MAX_BESIDE, list[Path]()
    for file in found.files:
        if file == archive or file in closed or (inside / file).exists():
            continue
        size = copy(found.root / file, inside / file, min(left, MAX_READ))
        left -= max(size, 0)
        if size < 0:
            lost.append(file)
    if lost:
        notes.append(f"Left out, since {name} was graded: {_some(lost)}.")
    new = find_files(inside)
    new.notes = [*found.notes, *notes, *new.notes]
    return new


def _has_code(found: FoundFiles, files: Sequence[Path]) -> bool:
    """Whether a file, a notebook or a script implements anything of a module."""
    for file in files:
        name = file.name if file.name in FILES else module_meant(file.name)
        if name is not None and not is_untouched(found.root / file, name[:-3]):
            return True
        if name is None and file.suffix == ".py" and DEFINES.search(read_text(found.root / file)):
            return True
    books, _ = read_notebooks(found)
    return any(book.names for book in books)


def _holds_code(archive: Path) -> bool:
    """Whether an archive has a module or a notebook, by the names in it."""
    try:
        return any(map(_is_code, itertools.islice(_names(archive), MAX_ENTRIES)))
    except Exception:  # the libraries raise many kinds for files that were made to
        return False


def _names(archive: Path) -> Iterator[str]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            yield from opened.namelist()
        return
    with tarfile.open(archive, errors="surrogateescape") as tar:
        while (info := tar.next()) is not None:
            yield info.name
            if info.offset_data + info.size > MAX_READ:  # the next one lies behind what would have to be unpacked
                return


def _is_code(name: str) -> bool:
    *folders, last = PurePosixPath(name.replace("\\", "/")).parts or ("",)
    if "__MACOSX" in folders or last.startswith("."):
        return False
    return last in FILES or module_meant(last) is not None or is_notebook(last)


def _some(paths: Sequence[Path]) -> str:
    more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
    return ", ".join(shown(path.as_posix()) for path in paths[:3]) + more
