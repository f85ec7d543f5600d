"""Notebooks for tests."""

from __future__ import annotations

from pathlib import Path

import nbformat

from grader.validation.cases import SOLUTION

__all__ = ["module", "notebook"]


def notebook(path: Path, *cells: str) -> Path:
    """A notebook with these code cells; what begins with "text:" is text."""
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
