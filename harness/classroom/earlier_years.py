"""The modules of an earlier year for a comparison, from the folder of its batch or of its submissions."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from harness.base.process_pool import usual_jobs
from harness.base.untrusted import UnreadableError, read_bytes
from harness.classroom.journal import Journal
from harness.classroom.roster import RosterEntry, RosterError, load_roster, read_roster, shown
from harness.submission.intake import SubmissionError, open_submission
from harness.submission.required_names import FILES

__all__ = ["check_earlier", "earlier_year"]

MAX_MODULE = 4 << 20


def check_earlier(folder: Path) -> None:
    """Check the folder of an earlier year, before hours of grading.

    Raises:
        RosterError: the folder has no submissions.
    """
    if _code(folder) is None:
        read_roster(folder)


@contextmanager
def earlier_year(folder: Path | None) -> Iterator[Mapping[str, Path]]:
    """Yield a folder with the modules of each submission, by the submission's name.

    The folders last as long as the context.

    Args:
        folder: the folder of a batch, its folder ``code``, a folder of submissions, or None.

    Raises:
        RosterError: the folder has no submissions.
    """
    if folder is None:
        yield {}
        return
    code = _code(folder)
    if code is not None:
        yield {_label(name, folder): path for path, name in _of_batch(code)}
        return
    with tempfile.TemporaryDirectory(prefix="harness-earlier-") as place, ThreadPoolExecutor(usual_jobs()) as threads:
        roster_entries = read_roster(folder).entries
        made = threads.map(lambda roster_entry: _unpacked(roster_entry, Path(place) / roster_entry.id), roster_entries)
        yield {
            _label(f"{roster_entry.name} ({roster_entry.id})", folder): path
            for roster_entry, path in zip(roster_entries, made, strict=True)
            if path is not None
        }


def _code(folder: Path) -> Path | None:
    """The folder with the graded modules of a batch, or None."""
    if folder.name == "code" and Journal(folder.parent).exists:
        return folder
    return folder / "code" if Journal(folder).exists and (folder / "code").is_dir() else None


def _of_batch(code: Path) -> list[tuple[Path, str]]:
    """Each folder of modules by its name."""
    try:
        names = {roster_entry.id: roster_entry.name for roster_entry in load_roster(code.parent)}
    except RosterError:  # a batch of an older version has kept none
        names = {}
    paths = [path for path in sorted(code.iterdir()) if path.is_dir()]
    return [(path, f"{names[path.name]} ({path.name})" if path.name in names else path.name) for path in paths]


def _label(name: str, folder: Path) -> str:
    return f"{shown(name)}, {shown((folder.parent if folder.name == 'code' else folder).resolve().name)}"


def _unpacked(roster_entry: RosterEntry, out: Path) -> Path | None:
    """Unpack a submission's modules into a new folder. Return None if it has none."""
    try:
        with open_submission(roster_entry.path) as submission:
            out.mkdir()
            for name in FILES:
                try:
                    (out / name).write_bytes(read_bytes(submission.folder / name, MAX_MODULE))
                except UnreadableError:
                    continue
            return out
    except SubmissionError:
        shutil.rmtree(out, ignore_errors=True)
        return None
