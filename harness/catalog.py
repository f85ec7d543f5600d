"""The static list of graded tests. It is read from the suites' source text, before anything is imported or run.

So the maximum is always known. Every test has a row, even if its suite can't be imported or the run is killed.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from harness.numbers import is_test, lies_in, part_of, sort_key
from harness.problem import problem

__all__ = [
    "RESULTS",
    "SUITES",
    "CatalogError",
    "GradedTest",
    "Visibility",
    "all_points",
    "chosen",
    "read_suites",
]

SUITES = problem().suites

#: The tag of tests that check the results of experiments, and no code.
RESULTS = "results"

Visibility = Literal["visible", "hidden", "after_due_date", "after_published"]


class CatalogError(Exception):
    """A suite has a test that can't be listed. This is a fault of the suites."""


@dataclass(frozen=True)
class GradedTest:
    """One test of the suites, as its decorators and docstring describe it."""

    number: str
    """The part and a letter, as ``2.1a``."""
    title: str
    """The first paragraph of the test's docstring: one sentence that a student reads."""
    points: float
    file: str
    """The name of the suite's file."""
    function: str
    visibility: Visibility = "visible"
    tags: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    """The numbers of the tests that must pass for this one to be meaningful."""
    explained_by: tuple[str, ...] = ()
    """The numbers of tests that show the cause if they fail as well, the nearest cause first."""
    leaderboard: str | None = None
    """The name of the test's leaderboard column, if it has one."""
    order: Literal["asc", "desc"] = "desc"
    """The order in which the leaderboard sorts this column."""

    @property
    def part(self) -> str:
        """The handout's part, as ``2.1``."""
        return part_of(self.number)

    @property
    def hidden(self) -> bool:
        """Whether the test's result is shown later than those of the other tests."""
        return self.visibility != "visible"


@cache
def read_suites(folder: Path = SUITES) -> tuple[GradedTest, ...]:
    """All graded tests, sorted by number.

    Raises:
        CatalogError: a test has no number, weight or docstring, belongs to an unknown part, or has arguments that
            aren't literals; two tests have the same number; or there is no test at all.
    """
    tests = [
        _describe(path.name, node)
        for path in sorted(folder.glob("test_*.py"))
        for node in ast.parse(path.read_text(encoding="utf-8"), str(path)).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    if not tests:
        raise CatalogError(f"{folder} holds no graded test: this copy of the grader is incomplete, install it again")
    tests.sort(key=lambda test: sort_key(test.number))
    for one, other in itertools.pairwise(tests):
        if one.number == other.number:
            raise CatalogError(f"{one.function} and {other.function} are both number {one.number}")
    known = {test.number for test in tests}
    parts = {part.number for part in problem().part}
    for test in tests:
        if test.part not in parts:
            raise CatalogError(f"{test.function} belongs to part {test.part}, which problem.toml doesn't have")
        if missing := {*test.needs, *test.explained_by} - known:
            raise CatalogError(f"{test.number} names {', '.join(sorted(missing))}, which no suite has")
    _check_causes(tests)
    return tuple(tests)


def _check_causes(tests: Iterable[GradedTest]) -> None:
    """Refuse tests that explain themselves, directly or through others."""
    causes = {test.number: {*test.explained_by} for test in tests}
    for number in causes:
        reached: set[str] = set()
        ahead = causes[number]
        while ahead := ahead - reached:
            reached |= ahead
            ahead = set().union(*(causes[one] for one in ahead))
        if number in reached:
            raise CatalogError(f"{number} is explained by itself, through {', '.join(sorted(reached - {number}))}")


def chosen(tests: Iterable[GradedTest], wanted: Iterable[str]) -> tuple[GradedTest, ...]:
    """The tests that are named or belong to a named part; all tests if nothing is named."""
    numbers = tuple(wanted)
    return tuple(test for test in tests if not numbers or any(lies_in(test.number, one) for one in numbers))


def all_points() -> float:
    """The sum of the points of all tests."""
    return sum(test.points for test in read_suites())


def _describe(file: str, node: ast.FunctionDef) -> GradedTest:
    where = f"{file}, line {node.lineno}: {node.name}"
    docstring = ast.get_docstring(node)
    if not docstring:
        raise CatalogError(f"{where} has no docstring, which is its title")
    fields: dict[str, Any] = {"title": " ".join(docstring.split("\n\n")[0].split())}
    for decorator in node.decorator_list:
        if not (isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Name)):
            continue
        try:
            args = [ast.literal_eval(arg) for arg in decorator.args]
            kwargs = {word.arg: ast.literal_eval(word.value) for word in decorator.keywords}
        except ValueError as error:
            raise CatalogError(f"{where}: @{decorator.func.id} takes literals only") from error
        name = decorator.func.id
        if name in ("weight", "partial_credit"):
            fields["points"] = float(args[0])
        elif name in ("number", "visibility"):
            fields[name] = args[0]
        elif name in ("tags", "needs", "explained_by"):
            fields[name] = tuple(args)
        elif name == "leaderboard":
            fields["leaderboard"] = args[0]
            fields["order"] = (args[1:] or [kwargs.get("sort_order", "desc")])[0]
    if "points" not in fields or not is_test(fields.get("number", "")):
        raise CatalogError(f'{where} needs @weight(points) and @number("2.1a")')
    if fields.get("visibility", "visible") not in get_args(Visibility):
        raise CatalogError(f"{where}: no visibility {fields['visibility']!r}")
    return GradedTest(file=file, function=node.name, **fields)
