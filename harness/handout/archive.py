"""Make the zip that students get: ``make handout``.

It holds the README, the stubs, the course's code, the public suites and their machinery, fixtures, the pages for
students, and the notebook. :mod:`harness.handout.leak_check` checks it before it is written.
"""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import nbformat
import typer

from harness import ROOT
from harness.catalog import RESULTS, read_suites
from harness.console import run, stop, tell
from harness.edition import SECRET_FOLDERS, edited
from harness.handout import notebook
from harness.handout.leak_check import hidden_suites, leaks
from harness.handout.sources import HandoutError
from harness.handout.stated_numbers import stale
from harness.non_empty import NothingFoundError, all_in_use
from harness.part_checks import mistake_in_points
from harness.problem import RUBRIC, problem

__all__ = ["FOLDER", "files", "main", "write"]

FOLDER = problem().problem.stem
"""The folder that the zip unpacks to."""
TOP = ("README.md", "pyproject.toml", *problem().hand_out.files)
FOLDERS = tuple(dict.fromkeys([problem().place, "harness", "student", *problem().problem.readable]))
#: Paths in these folders, or beginnings of paths, that students don't get.
LEFT_OUT = (
    *(folder for folder in SECRET_FOLDERS["staff"] if folder not in SECRET_FOLDERS["students"]),
    "harness/classroom",
    "harness/container",
    "harness/gradescope",
    "harness/handout/archive.py",
    "harness/handout/leak_check.py",
    "harness/handout/staff.mk",
    "harness/handout/stated_numbers.py",
    "harness/validation",
    *(f"{problem().place}/suites/{file}" for file in hidden_suites()),
    *([f"{problem().place}/{RUBRIC}"] if (problem().folder / RUBRIC).is_file() else []),
    *problem().hand_out.left_out,
)
DATE = (2025, 1, 1, 0, 0, 0)
"""The date of every file, so that the same files make the same zip."""


def files() -> dict[str, bytes]:
    """The files that students get, by path."""
    all_in_use(problem().hand_out.data, _names(), "[hand_out] data in the manifest")
    all_in_use(LEFT_OUT, _names(), "LEFT_OUT in harness/handout/archive.py")
    all_in_use([f"{folder}/" for folder in FOLDERS], _names(), "FOLDERS in harness/handout/archive.py")
    found = {name: (ROOT / name).read_bytes() for name in TOP}
    for path in _paths():
        found[path.relative_to(ROOT).as_posix()] = path.read_bytes()
    found["harness/edition.py"] = edited("students").encode()
    if _with_notebook():
        found[notebook.FILE] = (nbformat.writes(notebook.build(ROOT / "student")) + "\n").encode()
    return dict(sorted(found.items()))


def _with_notebook() -> bool:
    return "notebook" in problem().problem.features or notebook.TEMPLATE.is_file()


def _paths() -> Iterator[Path]:
    return (ROOT / name for name in _names() if not name.startswith(LEFT_OUT))


def _names() -> list[str]:
    """The paths of all files in the folders, including those that are left out."""
    found = []
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            parts = path.relative_to(ROOT).parts
            hidden = any(part == "__pycache__" or part.startswith(".") for part in parts)
            if path.is_file() and not hidden:
                found.append("/".join(parts))
    return found


def write(path: Path) -> int:
    """Write the zip and return its size in bytes.

    Raises:
        ValueError: a file would reveal something secret. The text has a line for each leak.
    """
    given = files()
    if found := leaks(given):
        raise ValueError("\n".join(map(str, found)))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in given.items():
            entry = zipfile.ZipInfo(f"{FOLDER}/{name}", DATE)
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return path.stat().st_size


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    return run(_make, "python -m harness.handout.archive", arguments)


def _make(out: Annotated[Path, typer.Option(help="The zip.")] = Path(f"{FOLDER}_handout.zip")) -> None:
    """Make the zip that students get."""
    if mistake := mistake_in_points():
        stop(f"No hand-out was made: {mistake}")
    try:
        size = write(out)
    except (NothingFoundError, HandoutError) as error:
        stop(f"No hand-out was made: {error}", 1)
    except ValueError as error:
        stop(f"No hand-out was made: it would give something away.\n{error}", 1)
    except OSError as error:
        stop(f"The hand-out can't be written: {error}.")
    hidden = [test.number for test in read_suites() if test.hidden]
    of_results = [test for test in read_suites() if RESULTS in test.tags]
    tell(f"{out}: {size / 1e6:.1f} MB, nothing of the solution, the hidden tests or the validation cases in it.")
    in_colab = "; in Colab they upload it beside the notebook that is in it" if _with_notebook() else ""
    tell(
        f"{len(read_suites()) - len(hidden)} tests, {len(of_results)} of them of results; hidden and not in it: "
        f"{', '.join(hidden) or 'none'}. Give students the zip{in_colab}."
    )
    for sentence in stale(files()):
        tell(sentence)


if __name__ == "__main__":
    sys.exit(main())
