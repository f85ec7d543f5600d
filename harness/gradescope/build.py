"""Make the zip that Gradescope's "Configure Autograder" page takes: ``make autograder``.

It holds the suites with the hidden tests, the solution, the course's code, fixtures, and the scripts that Gradescope
starts. It doesn't hold the validation cases, the history, or the tests of this software.
"""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from harness import ROOT
from harness.console import run, stop, tell
from harness.edition import SECRET_FOLDERS, edited
from harness.gradebook import not_graded
from harness.non_empty import NothingFoundError, all_in_use
from harness.part_checks import mistake_in_points
from harness.problem import RUBRIC, ProblemError, problem, tomllib
from harness.reports import gradescope

__all__ = ["build", "main"]

HERE = Path(__file__).resolve().parent
#: Files and folders that the zip needs besides those at its top.
FOLDERS = (*problem().problem.readable, problem().place, "harness")
STAFFS = ("harness/classroom", "harness/container", "harness/handout", "harness/validation", f"{problem().place}/cases")
"""Folders that grading doesn't need."""
MARGIN_SECONDS = 90
"""Seconds for the container's start, and for Gradescope to read the report."""
NOT_YET = "Not graded yet: the grader did not come to its end. If you read this, tell the course staff."
DATE = (2025, 1, 1, 0, 0, 0)
"""The date of every file, so that the same files make the same zip."""


def build(path: Path, minutes: float = 10) -> int:
    """Write the zip and return its size in bytes.

    Args:
        minutes: the assignment's time limit on Gradescope.

    Raises:
        ProblemError: a file is missing without which grading would be incomplete, or the tests have other points than
            the manifest.
    """
    if (own := problem().own_module("staff_copy")) is not None:
        own.check()
    if mistake := mistake_in_points():
        raise ProblemError(mistake)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = dict.fromkeys([*project["dependencies"], *problem().problem.requirements])
    initial = gradescope.render(not_graded(NOT_YET))
    texts = {
        "requirements.txt": "\n".join(needed) + "\n",
        "torch.txt": "\n".join(["torch", *(one for one in problem().problem.packages if one.startswith("torch"))])
        + "\n",
        "versions.txt": _versions(),
        "initial.json": json.dumps(initial, indent=1, allow_nan=False) + "\n",
        "closed.txt": "\n".join([*SECRET_FOLDERS["gradescope"], "harness/gradescope", "initial.json"]) + "\n",
        "folders.txt": "\n".join(folder for folder in FOLDERS if list((ROOT / folder).rglob("*.py"))) + "\n",
        "seconds": f"{max(minutes * 60 - MARGIN_SECONDS, 60):.0f}\n",
    }
    scripts = {name: (HERE / name).read_text(encoding="utf-8") for name in ("setup.sh", "run_autograder")}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            archive.writestr(_entry(name, 0o644), text)
        for name, text in scripts.items():
            archive.writestr(_entry(name, 0o755), text.replace("\r\n", "\n"))
        for name, data in _files().items():
            archive.writestr(_entry(name, 0o644), data)
    return path.stat().st_size


def _versions() -> str:
    """The pinned version of each package, as pip reads it. Without the problem set's file, the newest are installed."""
    file = problem().folder / "versions.txt"
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def _files() -> dict[str, bytes]:
    """The files for grading by path, secret folders included, but without files such as the questions' rubric."""
    all_in_use([f"{name}/" for name in STAFFS], _names(ROOT), "STAFFS in harness/gradescope/build.py")
    paths = [ROOT / "pyproject.toml"]
    for folder in FOLDERS:
        for file in sorted((ROOT / folder).rglob("*")):
            relative = file.relative_to(ROOT)
            hidden = any(part == "__pycache__" or part.startswith(".") for part in relative.parts)
            staffs = file == problem().folder / RUBRIC or any(relative.is_relative_to(name) for name in STAFFS)
            if file.is_file() and not hidden and not staffs:
                paths.append(file)
    found = {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in paths}
    all_in_use([f"{name}/" for name in (*FOLDERS, *SECRET_FOLDERS["gradescope"])], found, "What the zip needs")
    return {**found, "harness/edition.py": edited("gradescope").encode()}


def _names(folder: Path) -> list[str]:
    return [path.relative_to(ROOT).as_posix() for path in folder.rglob("*")]


def _entry(name: str, mode: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, DATE)
    entry.external_attr = (0o100000 | mode) << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    return run(_make, "python -m harness.gradescope.build", arguments)


def _make(
    out: Annotated[Path, typer.Option(help="The zip.")] = Path("autograder.zip"),
    minutes: Annotated[float, typer.Option(help="The assignment's time limit on Gradescope.")] = 10,
) -> None:
    """Make the zip that Gradescope's page "Configure Autograder" takes."""
    if minutes < 3:
        stop("Gradescope's time limit has to be 3 minutes or more: a container needs some of them to start.")
    try:
        size = build(out, minutes)
    except (NothingFoundError, ProblemError) as error:
        stop(f"No zip was made: {error}")
    tell(f"{out}: {size / 1e6:.1f} MB, for a time limit of {minutes:g} minutes.")
    tell("Upload it on Gradescope: Configure Autograder, Zip file upload, Ubuntu 22.04 or later.")


if __name__ == "__main__":
    sys.exit(main())
