"""Make notebooks for tests."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import nbformat
import pytest

from harness.submission.intake import Submission
from harness.validation.cases import SOLUTION

__all__ = ["imported", "module", "notebook"]


def imported(submission: Submission, name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import a module of a submission until the test's end, even if its name was imported before."""
    monkeypatch.syspath_prepend(submission.folder)
    for file in submission.folder.rglob("*.py"):
        monkeypatch.setitem(sys.modules, file.stem, ModuleType(file.stem))  # so that the end restores what is there now
        del sys.modules[file.stem]
    return importlib.import_module(name)


def notebook(path: Path, *cells: str) -> Path:
    """A notebook with these code cells. A cell that begins with "text:" is a text cell."""
    made = [
        nbformat.v4.new_markdown_cell(cell.removeprefix("text:"))
        if cell.startswith("text:")
        else nbformat.v4.new_code_cell(cell)
        for cell in cells
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=made), path)
    return path


def module(name: str) -> str:
    """A module of the solution as the text of a cell."""
    return (SOLUTION / f"{name}.py").read_text(encoding="utf-8").replace("from __future__ import annotations\n", "")
