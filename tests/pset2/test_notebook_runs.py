"""The notebook as a student runs it: from top to bottom, in a folder with the hand-out's zip and nothing else."""

from __future__ import annotations

import os
import re
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from harness.catalog import RESULTS, read_suites
from harness.edition import edited
from harness.handout.notebook import FILE, STUBS, build
from harness.submission.cells import KEY
from harness.validation.cases import SOLUTION
from tests.conftest import ROOT

HANDOUT = "CS2420_PSet2_handout.zip"
#: What students don't get.
STAFF = ("grader/solution/", "harness/validation/", "grader/cases/", "grader/suites/test_part1_hidden.py")
#: Fewer images: put below the setup cell.
FEWER = ROOT / "tests" / "pset2" / "tiny_experiments.py"
TINY = f"import course.notebook\ncourse.notebook.RUN_EXPERIMENTS = {str(FEWER)!r}\n"


def pack(path: Path, folder: str = "") -> None:
    """The hand-out, as a zip."""
    with zipfile.ZipFile(path, "w") as archive:
        for place in ("course", "fixtures", "grader", "harness", "student", "pyproject.toml", "run_experiments.py"):
            for file in [ROOT / place] if (ROOT / place).is_file() else sorted((ROOT / place).rglob("*")):
                name = file.relative_to(ROOT).as_posix()
                if name == "harness/edition.py":
                    archive.writestr(folder + name, edited("students"))
                elif file.is_file() and "__pycache__" not in name and not name.startswith(STAFF):
                    archive.write(file, folder + name)


def run_in(folder: Path, notebook: nbformat.NotebookNode, runtime: Path) -> dict[str, str]:
    """Run the notebook in a folder; what its cells print, by number.

    Raises:
        CellExecutionError: a cell raised an exception.
    """
    (folder / FILE).write_text(nbformat.writes(notebook), encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "PYTHONPATH"))}
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}})
    client.execute(env={**environment, "OMP_NUM_THREADS": "1", "XDG_RUNTIME_DIR": str(runtime)})
    return {
        cell.metadata[KEY]["cell"]: "".join(
            output.get("text", "") or output.get("data", {}).get("text/plain", "") for output in cell.outputs
        )
        for cell in notebook.cells
        if cell.cell_type == "code" and KEY in cell.metadata
    }


def shortened(notebook: nbformat.NotebookNode, *kept: str) -> nbformat.NotebookNode:
    """With few images, and of the cells that start commands only those with the given numbers."""
    notebook.cells = [
        cell
        for cell in notebook.cells
        if cell.metadata.get(KEY, {}).get("role") not in ("check", "experiment") or cell.metadata[KEY]["cell"] in kept
    ]
    setup = next(place for place, cell in enumerate(notebook.cells) if cell.cell_type == "code")
    notebook.cells.insert(setup + 1, nbformat.v4.new_code_cell(TINY, id="tiny"))
    return notebook


def test_a_blank_notebook_runs_through_and_says_what_is_missing(tmp_path, runtime):
    pack(tmp_path / HANDOUT, "CS2420_PSet2/")
    printed = run_in(tmp_path, shortened(build(STUBS), "1.5", "2.4", "2.5", "5.4"), runtime)
    assert f"The course's code is in {tmp_path}" in printed["0.1"]
    assert "LEARNING_RATES in training.py is not set yet" in printed["1.5"]
    assert "○○○○○○○○" in printed["2.4"]
    assert "not implemented yet: Part 2.1: quantize" in printed["2.5"]
    assert "Nothing of this is implemented yet" in printed["5.4"]
    assert re.search(r"Total +0 / \d+", printed["7.1"])


def test_the_solutions_notebook_runs_through_and_shows_tables_and_figures(tmp_path, runtime):
    pack(tmp_path / HANDOUT)
    notebook = shortened(build(SOLUTION), "1.5", "1.7", "2.5")
    printed = run_in(tmp_path, notebook, runtime)
    assert "The record's images are 64 + 64" in printed["1.7"]  # the results of 1.5 were looked at
    assert 'run it again: experiments("1.1", profile="full")' in printed["1.7"]
    shown = {cell.id: kinds(cell) for cell in notebook.cells}
    assert shown["code-1-5"].count("image/png") == 1
    assert shown["code-2-5"].count("image/png") == 1
    assert "text/markdown" in shown["code-2-5"]
    of_code = [test for test in read_suites() if RESULTS not in test.tags and not test.hidden]
    assert f"{sum(test.points for test in of_code):g} / " in printed["7.1"]
    assert "text/html" in shown["code-1-7"]


def kinds(cell: nbformat.NotebookNode) -> list[str]:
    return [kind for output in cell.get("outputs", ()) for kind in output.get("data", ())]


def test_without_the_courses_code_the_setup_cell_says_what_to_do(tmp_path, runtime):
    with pytest.raises(CellExecutionError, match=f"put {HANDOUT} next to this notebook"):
        run_in(tmp_path, build(STUBS), runtime)
