"""Decide which statements of a notebook may run on import: none that trains, downloads, plots or asks for input."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

from harness.problem import problem
from harness.submission.cells import Statement, called, parse

__all__ = ["SideEffects"]

TRAIN = {
    "backward",
    "step",
    "zero_grad",
    "fit",
    "train",
    "train_model",
    "train_epoch",
    "test",
    "evaluate",
    "experiments",
}
READ = {
    "DataLoader",
    *problem().problem.data_sets,
    "load",
    "open",
    "urlopen",
    "urlretrieve",
}
FETCH = {
    "download_url",
    "download_and_extract_archive",
    "extractall",
    "mount",
    "upload",
    "get_ipython",
    "system",
    "Popen",
}
SHOW = {"plot", "subplots", "figure", "imshow", "show", "savefig", "save", "input", "check", "grade"}
#: Functions and methods that train, read, download, plot or ask for input. Statements that call one are left out.
LEFT_OUT = frozenset(TRAIN | READ | FETCH | SHOW)
#: The statements, besides definitions, that may run on import: no ``while`` loops and no deletions.
RUN = (
    *(ast.Assign, ast.AnnAssign, ast.AugAssign, ast.For, ast.If, ast.Try, ast.With, ast.Expr),
    getattr(ast, "TypeAlias", ast.Assign),  # type X = ...: Python 3.12
)
#: Method names that harmless objects have as well, such as ``settings.update(a=1)``.
EVERYWHERE = frozenset(dir(dict) + dir(list) + dir(set) + dir(str)) | {"__init__", "__call__", "forward"}


class SideEffects:
    """Finds the side effects of statements by the functions that they call.

    Args:
        statements: all statements of the notebook. Their functions and methods may have side effects too.
    """

    def __init__(self, statements: Sequence[Statement]) -> None:
        self.heavy = _heavy_functions(statements)

    def may_run(self, statement: Statement) -> bool:
        """Whether a statement may run when a module is imported."""
        return (statement.is_definition or isinstance(statement.node, RUN)) and not self.is_heavy(statement)

    def is_heavy(self, statement: Statement) -> bool:
        """Whether a statement trains, downloads, plots or reads when its cell is run."""
        return not statement.calls_at_once.isdisjoint(self.heavy)

    def without_fetching(self, statement: Statement) -> Statement:
        """The statement without lines in a ``try`` or ``if`` that download or install what it then imports."""
        if not isinstance(statement.node, ast.Try | ast.If) or not self.is_heavy(statement):
            return statement
        lines = list(statement.lines)
        for node in ast.walk(statement.node):
            if isinstance(node, ast.Expr) and FETCH.intersection(called([node])) and node.end_lineno is not None:
                first, end = node.lineno - statement.first, node.end_lineno - statement.first + 1
                if lines[first][: node.col_offset].strip() or any(mark in "".join(lines[first:end]) for mark in ";#"):
                    return statement
                lines[first:end] = [lines[first][: node.col_offset] + "pass"] + [""] * (end - first - 1)
        parsed, _ = parse("\n".join(lines))
        if len(parsed) != 1 or self.is_heavy(parsed[0]):
            return statement
        return replace(parsed[0], lines=tuple(lines), first=statement.first)


def _heavy_functions(statements: Sequence[Statement]) -> frozenset[str]:
    """The functions of the notebook and of libraries that train, download, plot or read."""
    own = {
        name: one.calls
        for one in statements
        if isinstance(one.node, ast.FunctionDef | ast.AsyncFunctionDef)
        for name in one.binds
    }
    heavy = set(LEFT_OUT - own.keys())
    methods = [
        (method.name, frozenset(called([method])))
        for one in statements
        if isinstance(one.node, ast.ClassDef)
        for method in one.node.body
        if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef) and method.name not in EVERYWHERE
    ]
    while more := {name for name, calls in (*own.items(), *methods) if name not in heavy and calls & heavy}:
        heavy |= more
    return frozenset(heavy)
