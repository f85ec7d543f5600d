"""Find the tests whose verdict a case can change. Only these are run for the case.

A case that only redefines functions, classes and constants affects two things: the solution's definitions that refer to
them, and the tests that use one of these names. Grading the solution shows which names each test uses. A test that uses
none of them only runs the solution's code, and the solution passes it.

Cases that do more than define names on import, or that replace the whole module, are graded by all tests. With
``--thorough`` all cases are.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping
from functools import cache

from harness.submission.definitions import references, with_users
from harness.validation.cases import SOLUTION, Case, of_code

__all__ = ["Uses", "affected"]

Uses = Mapping[str, Collection[str]]
"""The names that each test uses, by the test's number; ``*`` stands for the text of a module."""


def affected(case: Case, uses: Uses) -> tuple[str, ...]:
    """The numbers of the code tests of the case's part whose verdict may differ from the solution's."""
    tests = of_code(case.part)
    new = None if case.whole or case.base != SOLUTION else _defined(case.text)
    if new is None or not set(tests) <= uses.keys():
        return tests
    changed = _with_users(case.module, new)
    return tuple(test for test in tests if "*" in uses[test] or not changed.isdisjoint(uses[test]))


def _defined(text: str) -> frozenset[str] | None:
    """The names that a text defines; None if it does, or may do, anything else."""
    try:
        body = ast.parse(text).body
    except SyntaxError:
        return None
    names: set[str] = set()
    for node in body:
        if not _only_defines(node):
            return None
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update((alias.asname or alias.name).partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names.update(one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name))
    return None if "*" in names else frozenset(names)


def _only_defines(node: ast.stmt) -> bool:
    """Whether a statement calls nothing and only binds names."""
    if isinstance(node, ast.FunctionDef):
        return not node.decorator_list and _calls_nothing(*node.args.defaults, *node.args.kw_defaults)
    if isinstance(node, ast.ClassDef):
        return not node.decorator_list and _calls_nothing(*node.bases) and all(map(_only_defines, node.body))
    if isinstance(node, ast.Assign):
        return all(isinstance(target, ast.Name | ast.Tuple) for target in node.targets) and _calls_nothing(node.value)
    if isinstance(node, ast.AnnAssign):
        return isinstance(node.target, ast.Name) and _calls_nothing(node.value)
    return isinstance(node, ast.Import | ast.ImportFrom | ast.Pass) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )


def _calls_nothing(*values: ast.expr | None) -> bool:
    nodes = (node for value in values if value is not None for node in ast.walk(value))
    return not any(isinstance(node, ast.Call | ast.Await | ast.NamedExpr | ast.Subscript) for node in nodes)


def _with_users(module: str, names: Collection[str]) -> set[str]:
    """These names and those of the solution's definitions that refer to them, directly or through others."""
    return with_users(_references(module), names)


@cache
def _references(module: str) -> dict[str, frozenset[str]]:
    """The names that each definition of the solution's module refers to."""
    return references(ast.parse((SOLUTION / f"{module}.py").read_text(encoding="utf-8")))
