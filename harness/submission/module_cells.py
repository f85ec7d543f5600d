"""The cells of a notebook that count for one module, when other cells write files of their own."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.submission.cells import Cell, Statement, parse
from harness.submission.required_names import MODULES

__all__ = ["cells_for_module"]

OURS = frozenset(MODULES.values())


def cells_for_module(module: str, cells: Sequence[Cell]) -> Sequence[Cell]:
    """Leave out cells that write other files, and imports from the module itself.

    Returns:
        The cells; the same object if nothing was left out.
    """
    seen = [_seen(module, cell) for cell in cells]
    return cells if all(new is old for new, old in zip(seen, cells, strict=True)) else seen


def _seen(module: str, cell: Cell) -> Cell:
    if cell.file is not None and cell.file.path != f"{module}.py":
        return replace(cell, statements=())
    if not any(_imports_from(one) for one in cell.statements):
        return cell
    return replace(cell, statements=tuple(new for one in cell.statements for new in _without_own(one, module)))


def _imports_from(statement: Statement) -> str:
    """The submission's module that a statement imports names from; empty if there is none."""
    node = statement.node
    if not isinstance(node, ast.ImportFrom) or node.module is None:
        return ""
    name = node.module.removeprefix("student.")
    return name if name in OURS else ""


def _without_own(statement: Statement, module: str) -> Iterator[Statement]:
    """Replace imports from the module itself, whose names exist already, by assignments for ``as`` names."""
    node, of = statement.node, _imports_from(statement)
    if not of or not isinstance(node, ast.ImportFrom):
        yield statement
    elif of != module:
        names = ", ".join(f"{one.name} as {one.asname}" if one.asname else one.name for one in node.names)
        yield from _placed(f"from {of} import {names}", statement)
    else:
        for one in node.names:
            if one.asname not in (None, one.name):
                yield from _placed(f"{one.asname} = {one.name}", statement)


def _placed(text: str, of: Statement) -> Iterator[Statement]:
    """Parse a text as a replacement of a statement, with the same line numbers."""
    for made in parse(text)[0]:
        yield replace(made, first=of.first)
