"""Find the submitted file for each module."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.submission.cells import parse
from harness.submission.file_search import FoundFiles, read_text
from harness.submission.filenames import module_meant, shown
from harness.submission.required_names import FILES, NAMES
from harness.submission.stubs import is_stub

__all__ = ["find_module_files", "is_untouched"]

MAX_CANDIDATES = 4
"""The most files that are considered for a module."""


def find_module_files(found: FoundFiles) -> tuple[Path | None, dict[str, Path]]:
    """Find the folder with most modules, and the files of modules that it lacks or has only as stubs."""
    exact: dict[str, dict[Path, None]] = {}
    meant: dict[str, list[Path]] = {}
    for file in found.files:
        if file.name in FILES:
            exact.setdefault(file.name, {})[file] = None
        elif (name := module_meant(file.name)) is not None:
            meant.setdefault(name, []).append(file)
    folders = _by_rank({file.parent for files in exact.values() for file in files}, exact)
    others: dict[str, Path] = {}
    elsewhere: list[Path] = []
    for name in FILES:
        own = [folder / name for folder in folders if folder / name in exact.get(name, {})]
        chosen = _chosen(found, name, own, meant.get(name, []))
        if chosen is None or (folders and chosen == folders[0] / name):
            continue
        others[name] = chosen
        if chosen.name == name and folders[0] / name not in own:
            elsewhere.append(chosen)
    if elsewhere:
        where = ", ".join(shown(path.as_posix()) for path in elsewhere)
        found.notes.append(f"These are in another folder than the others, and were graded too: {where}.")
    return folders[0] if folders else next((path.parent for path in others.values()), None), others


def _by_rank(folders: set[Path], exact: dict[str, dict[Path, None]]) -> list[Path]:
    counts = dict.fromkeys(folders, 0)
    for files in exact.values():
        for file in files:
            counts[file.parent] += 1

    def rank(place: Path) -> tuple[bool, int, bool, int, str]:
        at_hand = place == Path() or place == Path("student")  # as in grade FOLDER
        return not at_hand, -counts[place], place.name != "student", len(place.parts), place.as_posix()

    return sorted(folders, key=rank)


def _chosen(found: FoundFiles, name: str, own: Sequence[Path], meant: Sequence[Path]) -> Path | None:
    """The file for a module. A note is added if it isn't where it should be."""
    stubs = is_untouched(found.root / own[0], name[:-3]) if own and (len(own) > 1 or meant) else False
    if own and not stubs:
        if meant:
            found.notes.append(f"Left out: {_some(meant)}, since {shown(own[0].as_posix())} was graded.")
        return own[0]
    for other in own[1:MAX_CANDIDATES]:
        if not is_untouched(found.root / other, name[:-3]):
            found.notes.append(f"{shown(other.as_posix())} was graded: {shown(own[0].as_posix())} has only stubs.")
            return other
    written = [path for path in meant[:MAX_CANDIDATES] if not is_untouched(found.root / path, name[:-3])]
    if len(written) > 1:
        found.notes.append(f"{_some(written)} could each be {name}, so none was graded: rename one to {name}.")
    elif written:
        found.notes.append(f"{_some(written)} was graded as {name}: rename it to {name}.")
        return written[0]
    return own[0] if own else None


def _some(paths: Sequence[Path]) -> str:
    more = f" and {len(paths) - MAX_CANDIDATES} more" if len(paths) > MAX_CANDIDATES else ""
    return ", ".join(shown(path.as_posix()) for path in paths[:MAX_CANDIDATES]) + more


def is_untouched(path: Path, module: str) -> bool:
    """Whether a module has only stubs."""
    try:
        statements, problem = parse(read_text(path))
    except (RecursionError, MemoryError):
        return False
    names = NAMES[module].keys() | {"*"}
    return problem is None and all(is_stub(one.node) for one in statements if one.binds & names)
