"""The static list of graded tests: read from the text of the suites, before anything is imported or run.

So the maximum is known, and a row exists for every test, even where a suite can't be imported or a run is killed.
"""

from __future__ import annotations

import ast
import itertools
import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = [
    "RESULTS",
    "SUITES",
    "CatalogError",
    "GradedTest",
    "RubricPart",
    "Visibility",
    "all_points",
    "read_rubric",
    "read_suites",
]

SUITES = Path(__file__).resolve().parent / "suites"
RUBRIC = Path(__file__).resolve().parent / "rubric.toml"

#: The tag of tests that look at results of experiments and at no code.
RESULTS = "results"

Visibility = Literal["visible", "hidden", "after_due_date", "after_published"]


class CatalogError(Exception):
    """A suite has a test that can't be listed: a fault of the suites."""


@dataclass(frozen=True)
class GradedTest:
    """One test of the suites, as its decorators and docstring describe it."""

    number: str
    """as ``2.1a``: the part and a letter"""
    title: str
    """the first paragraph of the docstring, one sentence that a student reads"""
    points: float
    file: str
    """the name of the suite's file"""
    function: str
    visibility: Visibility = "visible"
    tags: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    """numbers of the tests without which this one means nothing"""
    leaderboard: str | None = None
    """the name of its leaderboard column"""
    order: Literal["asc", "desc"] = "desc"
    """how the leaderboard is sorted"""

    @property
    def part(self) -> str:
        """The handout's part, as ``2.1``."""
        return self.number.rstrip("abcdefghijklmnopqrstuvwxyz")

    @property
    def hidden(self) -> bool:
        """Whether its result is decided later than the others'."""
        return self.visibility != "visible"


@dataclass(frozen=True)
class RubricPart:
    """One part of the handout and its points; see rubric.toml."""

    number: str
    title: str
    handout: int
    automatic: int


@cache
def read_rubric() -> tuple[RubricPart, ...]:
    """The rubric, in the handout's order."""
    return tuple(RubricPart(**part) for part in tomllib.loads(RUBRIC.read_text(encoding="utf-8"))["part"])


@cache
def read_suites(folder: Path = SUITES) -> tuple[GradedTest, ...]:
    """All graded tests, sorted by number.

    Raises:
        CatalogError: a test without number, weight or docstring, with arguments that are not literals, two
            tests of one number, or no test at all.
    """
    tests = [
        _describe(path.name, node)
        for path in sorted(folder.glob("test_*.py"))
        for node in ast.parse(path.read_text(encoding="utf-8"), str(path)).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    if not tests:
        raise CatalogError(f"{folder} holds no graded test: this copy of the grader is incomplete, install it again")
    tests.sort(key=lambda test: test.number)
    for one, other in itertools.pairwise(tests):
        if one.number == other.number:
            raise CatalogError(f"{one.function} and {other.function} are both number {one.number}")
    known = {test.number for test in tests}
    for test in tests:
        if missing := set(test.needs) - known:
            raise CatalogError(f"{test.number} needs {', '.join(sorted(missing))}, which no suite has")
    return tuple(tests)


def all_points() -> float:
    """The points of all tests of the suites together."""
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
        elif name in ("tags", "needs"):
            fields[name] = tuple(args)
        elif name == "leaderboard":
            fields["leaderboard"] = args[0]
            fields["order"] = (args[1:] or [kwargs.get("sort_order", "desc")])[0]
    if "points" not in fields or not re.fullmatch(r"\d\.\d[a-z]", fields.get("number", "")):
        raise CatalogError(f'{where} needs @weight(points) and @number("2.1a")')
    if fields.get("visibility", "visible") not in get_args(Visibility):
        raise CatalogError(f"{where}: no visibility {fields['visibility']!r}")
    return GradedTest(file=file, function=node.name, **fields)
