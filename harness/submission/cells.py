"""The code cells of a notebook: their numbers and statements, and the names that each statement binds and needs.

Nothing is run. ``ast`` parses a cell, and ``symtable`` finds the names that a statement takes from the notebook, as the
compiler would. Magics and shell lines become ``pass``, so that line numbers stay the same.
"""

from __future__ import annotations

import ast
import base64
import itertools
import json
import re
import symtable
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property

import nbformat

from harness.numbers import chapter_of
from harness.submission.cell_files import Written, written_by

__all__ = ["Cell", "NotebookError", "Problem", "Statement", "parse", "read_cells", "read_notebook", "read_script"]

MAX_CELL = 1_000_000
"""The most characters of a cell. No person writes a longer one."""
#: The most IPython lines that are found by parsing. In a cell with more, every line that looks like one counts as one.
MAX_MAGICS = 200
#: Cell magics whose cells contain Python.
PYTHON_BELOW = ("%%time", "%%timeit", "%%capture", "%%prun", "%%python", "%%memit", "%%snakeviz", "%%wandb", "%%debug")
KEY = "handout"
"""The key in a cell's metadata that says which of the handout's cells it is."""
CELL = r"\d{1,3}(?:\.\d{1,3})+[a-z]?"
TITLE = re.compile(rf"\s*#+\s*(?:@title\b\s*)?(?:code\s*)?cell\s*({CELL})\b", re.IGNORECASE)
HEADING = re.compile(rf"\W*(?:code\s*)?cell\s*({CELL})\b", re.IGNORECASE)
#: The lines that begin a cell in a script that Colab or Jupyter exported from a notebook.
SCRIPT_CELL = re.compile(rf"{TITLE.pattern}|# In\s?\[|# %%(?!\w)", re.IGNORECASE)
#: The most lines that are parsed for a script's cells. The lines before a cell count again for each cell.
MAX_PADDED = 500_000

Node = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
IMPORTS = (ast.Import, ast.ImportFrom)
#: Python's own line ends. ``str.splitlines`` would also split at form feeds and other characters.
LINE_END = re.compile(r"\r\n|\r|\n")


class NotebookError(Exception):
    """A file that is not a notebook; the text is the end of a sentence that says why."""


@dataclass(frozen=True)
class Problem:
    """Why a cell can't be read."""

    line: int
    message: str
    text: str
    """The text of the line."""


@dataclass(frozen=True)
class Statement:
    """A statement at the top level of a cell."""

    node: ast.stmt
    lines: tuple[str, ...]
    """The statement's source lines."""
    first: int
    """The statement's first line in the cell, counted from 1."""

    @cached_property
    def is_definition(self) -> bool:
        """Whether the statement is a definition of a function or class, or an import."""
        return isinstance(self.node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, *IMPORTS))

    @cached_property
    def binds(self) -> frozenset[str]:
        """The names that the statement binds."""
        if isinstance(self.node, Node):
            return frozenset([self.node.name])
        return frozenset(_bound(self.node))

    @cached_property
    def changes(self) -> frozenset[str]:
        """The names whose values the statement changes:

        ``rates.append(1)``, ``results[rate] = 1``, ``Layer.forward = f``.
        """
        return frozenset() if self.is_definition else frozenset(_changed(self.node))

    @cached_property
    def needs(self) -> frozenset[str]:
        """The names that the statement takes from the notebook, at once or when its definition is called."""
        table = symtable.symtable(ast.unparse(self.node), "cell", "exec")
        own = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_referenced()}
        return frozenset(own.union(*(_of_globals(child) for child in table.get_children())))

    @cached_property
    def needs_at_once(self) -> frozenset[str]:
        """The names that the statement reads when the cell is run."""
        found = (one for node in executed(self.node) for one in ast.walk(node))
        return frozenset(one.id for one in found if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load))

    @cached_property
    def calls_at_once(self) -> frozenset[str]:
        """The functions and methods that the statement calls when the cell is run, by their last name."""
        return frozenset(called(executed(self.node)))

    @cached_property
    def calls(self) -> frozenset[str]:
        """The functions and methods that the statement calls at any time, by their last name."""
        return frozenset(called([self.node]))


@dataclass(frozen=True)
class Cell:
    """A code cell."""

    label: str
    """The cell's name for a student: ``Code Cell 3.3``, or ``code cell no. 7`` if it has no number."""
    number: str
    """The cell's number, as ``3.3``; empty if it has none."""
    source: str
    statements: tuple[Statement, ...] = ()
    problem: Problem | None = None
    executed: int | None = None
    """The execution number of the cell's last run in Jupyter; None if it wasn't run."""
    failed: bool = False
    """The saved output is an exception."""
    file: Written | None = None
    """The Python file that the cell writes, if it writes one."""
    pictures: tuple[bytes, ...] = ()
    """The PNG files in its saved output."""

    @property
    def part(self) -> str:
        """The first number of the part that the cell names, as ``3``; empty if it names none."""
        return chapter_of(self.number) if self.number else ""

    @property
    def is_empty(self) -> bool:
        """Whether the cell has nothing to run."""
        return not self.statements and self.problem is None


# ---- reading -------------------------------------------------------------------------------------------------


def read_notebook(text: str) -> nbformat.NotebookNode:
    """Read a notebook of any format version as version 4.

    Raises:
        NotebookError: the text isn't a notebook.
    """
    try:
        notebook = nbformat.reads(text, as_version=4)
        cells = notebook.cells
    except RecursionError:
        raise NotebookError("is nested too deeply for a notebook") from None
    except (nbformat.reader.NotJSONError, UnicodeError):
        raise NotebookError("is not a notebook: it isn't valid JSON") from None
    except Exception:  # nbformat finds many ways in which JSON may be no notebook
        cells = _cells_of_json(text)
    readable = [cell for cell in cells if isinstance(cell, dict) and isinstance(cell.get("source"), str)]
    if not readable:
        raise NotebookError("is a notebook without cells" if cells == [] else "is not a notebook")
    for cell in readable:
        if not isinstance(cell.get("metadata"), dict):
            cell["metadata"] = {}
        if not isinstance(cell.get("outputs"), list):
            cell["outputs"] = []
    return nbformat.from_dict({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": readable})


def _cells_of_json(text: str) -> list[object]:
    """The cells of a notebook that nbformat refuses."""
    try:
        cells = json.loads(text)["cells"]
        for cell in cells:
            if isinstance(cell, dict) and isinstance(cell.get("source"), list):
                cell["source"] = "".join(line for line in cell["source"] if isinstance(line, str))
    except (ValueError, LookupError, TypeError):
        return [None]
    return list(cells)


def read_cells(notebook: nbformat.NotebookNode) -> tuple[Cell, ...]:
    """The code cells in their order. A cell that doesn't parse has a problem instead of statements."""
    cells: list[Cell] = []
    heading = ""
    seen: set[str] = set()
    writers: dict[str, list[int]] = {}
    for cell in notebook.cells:
        source = cell.source
        if cell.get("cell_type") == "markdown":
            found = [match[1] for line in source.splitlines()[-3:] if (match := HEADING.match(line))]
            heading = found[-1] if found else ""
        elif cell.get("cell_type") == "code":
            title = next((match for line in source.splitlines()[:3] if (match := TITLE.match(line))), None)
            number = title[1] if title else heading or _tagged(cell)
            label = f"Code Cell {number}" if number else f"code cell no. {len(cells) + 1}"
            if label in seen:
                label += f" (no. {len(cells) + 1})"
            seen.add(label)
            heading = ""
            count = cell.get("execution_count")
            count = count if isinstance(count, int) and not isinstance(count, bool) else None
            failed = any(one.get("output_type") == "error" for one in cell.outputs if isinstance(one, dict))
            made = _read_cell(label, number, source, count, failed)
            made = replace(made, file=written_by(_first_line(source)), pictures=tuple(_pictures(cell.outputs)))
            if made.file is not None:
                places = writers.setdefault(made.file.path, [])
                if not made.file.appends:  # the file is written anew
                    while places:
                        place = places.pop()
                        cells[place] = replace(cells[place], statements=())
                places.append(len(cells))
            cells.append(made)
    return tuple(cells)


def _pictures(outputs: Sequence[object]) -> Iterator[bytes]:
    for output in outputs:
        data = output.get("data") if isinstance(output, dict) else None
        encoded = data.get("image/png") if isinstance(data, dict) else None
        if isinstance(encoded, str):
            with suppress(ValueError):
                yield base64.b64decode("".join(encoded.split()), validate=True)


def _first_line(source: str) -> str:
    return next((line.strip() for line in LINE_END.split(source) if line.strip()), "")


def read_script(text: str, name: str) -> tuple[Cell, ...]:
    """The cells of a script that was a notebook. Their label is the script's name, and their lines are the script's."""
    lines = LINE_END.split(text)
    marks = [index for index, line in enumerate(lines) if index and SCRIPT_CELL.match(line)]
    whole = _read_cell(name, "", text)
    if not marks or len(marks) * len(lines) > MAX_PADDED:
        return (whole,)
    cells = []
    for first, end in itertools.pairwise([0, *marks, len(lines)]):
        title = next((match for line in lines[first : first + 3] if (match := TITLE.match(line))), None)
        source = "\n" * first + "\n".join(lines[first:end])
        cells.append(_read_cell(name, title[1] if title else "", source))
    if whole.problem is None and any(cell.problem is not None for cell in cells):  # a mark in a text
        return (whole,)
    return tuple(cells)


def _tagged(cell: nbformat.NotebookNode) -> str:
    """The number in a cell's metadata, for cells whose first line was removed."""
    ours = cell.metadata.get(KEY)
    number = ours.get("cell") if isinstance(ours, dict) else None
    return number if isinstance(number, str) and re.fullmatch(CELL, number) else ""


def _read_cell(label: str, number: str, source: str, count: int | None = None, failed: bool = False) -> Cell:
    if len(source) > MAX_CELL:
        too_long = Problem(1, f"it has {len(source):,} characters", "")
        return Cell(label, number, source, problem=too_long, executed=count, failed=failed)
    try:
        statements, problem = parse(source)
        problem = problem or _not_compiled(statements)
        statements = () if problem is not None else statements
    except (RecursionError, MemoryError):
        return Cell(label, number, source, problem=Problem(1, "it is nested too deeply", ""), executed=count)
    return Cell(label, number, source, statements, problem, count, failed)


def _not_compiled(statements: Iterable[Statement]) -> Problem | None:
    """Find errors that only the compiler reports, such as a repeated parameter or a return outside a function.

    Raises:
        RecursionError: the code is nested too deeply to be analysed.
    """
    for one in statements:
        try:
            compile(ast.Module([one.node], []), "cell", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None) or one.first
            text = one.lines[line - one.first].strip() if 0 <= line - one.first < len(one.lines) else ""
            return Problem(line, str(getattr(error, "msg", error)), text)
        _ = one.binds, one.changes, one.needs, one.needs_at_once, one.calls_at_once, one.calls
    return None


def parse(source: str) -> tuple[tuple[Statement, ...], Problem | None]:
    """The statements of a cell, or the problem that prevents parsing."""
    lines = LINE_END.split(source)
    first = _first_line(source)
    if first.startswith("%%"):
        if not first.startswith(PYTHON_BELOW) and written_by(first) is None:
            return (), None
        lines[next(index for index, line in enumerate(lines) if line.strip())] = ""
    tree = _without_magics(lines)
    if isinstance(tree, Problem):
        return (), tree
    return tuple(_statements(tree, lines)), None


def _without_magics(lines: list[str]) -> ast.Module | Problem:
    """The cell's syntax tree. IPython lines are replaced in ``lines``."""
    for _ in range(min(len(lines) + 1, MAX_MAGICS)):
        tree = _tree(lines)
        if isinstance(tree, ast.Module) or not _replace_magic(lines, tree.line - 1):
            break
    if isinstance(tree, Problem):  # an error may be reported behind the magic that causes it
        others = list(lines)
        for index in range(len(others)):
            _replace_magic(others, index)
        again = _tree(others)
        if isinstance(again, ast.Module):
            lines[:] = others
            return again
    return tree


def _tree(lines: Sequence[str]) -> ast.Module | Problem:
    try:
        return ast.parse("\n".join(lines) + "\n")
    except SyntaxError as error:
        line = min(max(error.lineno or 1, 1), max(len(lines), 1))
        return Problem(line, str(error.msg), lines[line - 1].strip() if lines else "")
    except ValueError as error:  # a null character, a lone surrogate
        return Problem(1, str(error), "")


def _replace_magic(lines: list[str], index: int) -> bool:
    """Replace an IPython line by one that does nothing. Return False if the line isn't for IPython."""
    line = lines[index] if index < len(lines) else ""
    code = line.strip()
    if not (code.startswith(("%", "!", "?")) or code.endswith("?") or re.match(r"[\w., ]+=\s*[!%]", code)):
        return False
    indent = line[: len(line) - len(line.lstrip())]
    assigned = re.match(r"([A-Za-z_]\w*)\s*=", code)
    lines[index] = f"{indent}{assigned[1]} = None" if assigned else f"{indent}pass"
    end = index
    while code.endswith("\\") and end + 1 < len(lines):  # a command that goes on
        end += 1
        code = lines[end].strip()
        lines[end] = ""
    return True


def _statements(tree: ast.Module, lines: Sequence[str]) -> Iterator[Statement]:
    ends = [node.end_lineno or node.lineno for node in tree.body]
    for index, node in enumerate(tree.body):
        decorators = node.decorator_list if isinstance(node, Node) else []
        first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
        shared = (index > 0 and ends[index - 1] >= first) or (
            index + 1 < len(tree.body) and tree.body[index + 1].lineno <= ends[index]
        )
        source = ast.unparse(node).splitlines() if shared else lines[first - 1 : ends[index]]
        yield Statement(node, tuple(source), first)


# ---- what a statement does -----------------------------------------------------------------------------------


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that a node assigns, imports or defines, not counting the bodies of functions and classes."""
    if isinstance(node, Node):
        yield node.name
        return
    if isinstance(node, IMPORTS):
        yield from ((alias.asname or alias.name).partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif (isinstance(node, ast.AnnAssign) and node.value is None) or isinstance(
        node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    ):
        return
    for child in ast.iter_child_nodes(node):
        yield from _bound(child)


def _changed(node: ast.AST) -> Iterator[str]:
    for one in ast.walk(node):
        if isinstance(one, ast.Attribute | ast.Subscript) and isinstance(one.ctx, ast.Store):
            yield from _root(one)
        elif isinstance(one, ast.Expr) and isinstance(one.value, ast.Call):
            if isinstance(one.value.func, ast.Attribute):
                yield from _root(one.value.func)
            elif isinstance(one.value.func, ast.Name) and one.value.func.id == "setattr" and one.value.args:
                yield from _root(one.value.args[0])
        elif isinstance(one, ast.AugAssign):
            yield from _root(one.target)


def _root(node: ast.expr) -> Iterator[str]:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    if isinstance(node, ast.Name):
        yield node.id


def _of_globals(table: symtable.SymbolTable) -> set[str]:
    names = {
        symbol.get_name()
        for symbol in table.get_symbols()
        # symtable reports no reference for ``global count; count += 1``
        if symbol.is_declared_global() or (symbol.is_global() and symbol.is_referenced())
    }
    return names.union(*(_of_globals(child) for child in table.get_children()))


def executed(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a statement that run with the cell. Of a function, these are its decorators and defaults."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield from node.decorator_list
        yield from node.args.defaults
        yield from (one for one in node.args.kw_defaults if one is not None)
    elif isinstance(node, ast.ClassDef):
        yield from [*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)]
        for one in node.body:
            yield from executed(one)
    elif isinstance(node, ast.If | ast.For | ast.While | ast.With | ast.withitem | ast.Try | ast.ExceptHandler):
        for child in ast.iter_child_nodes(node):
            yield from executed(child)
    else:
        yield node


def called(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """The last names of all calls in the nodes."""
    for node in nodes:
        for one in ast.walk(node):
            if isinstance(one, ast.Call):
                if isinstance(one.func, ast.Name):
                    yield one.func.id
                elif isinstance(one.func, ast.Attribute):
                    yield one.func.attr
