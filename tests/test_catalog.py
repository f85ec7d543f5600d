"""The static list of tests, and the points of the manifest that the suites are held to."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

from harness.catalog import CatalogError, read_suites
from harness.problem import problem
from tests.conftest import ROOT


def test_the_points_are_the_handouts():
    parts = problem().part
    numbers = "1.1 1.2 2.1 2.2 2.3 3.1 3.2 3.3 3.4 4.1 4.2 5.1 6.1 6.2"
    assert " ".join(part.number for part in parts) == numbers
    assert (problem().handout, problem().automatic, problem().by_hand) == (250, 203, 47)


def test_what_is_read_from_the_text_is_what_the_decorators_set():
    for test in read_suites():
        module = importlib.import_module(f"grader.suites.{Path(test.file).stem}")
        function = getattr(module, test.function)
        assert function.__weight__ == test.points
        assert function.__number__ == test.number
        assert getattr(function, "__visibility__", "visible") == test.visibility
        assert tuple(getattr(function, "__tags__", ())) == test.tags
        assert tuple(getattr(function, "__needs__", ())) == test.needs
        assert tuple(getattr(function, "__explained_by__", ())) == test.explained_by
        assert getattr(function, "__leaderboard_column__", None) == test.leaderboard
        assert getattr(function, "__leaderboard_sort_order__", "desc") == test.order


def test_suites_do_without_what_students_do_not_get():
    """A copy for students goes without the solution and the cases: what grades must not import them."""
    paths = [path for folder in ("grader", "harness") for path in (ROOT / folder).rglob("*.py")]
    assert ROOT / "harness" / "cli.py" in paths
    for path in paths:
        if path.relative_to(ROOT).parts[1] in ("solution", "cases", "validation"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [f"{node.module}.{alias.name}" for alias in node.names] if isinstance(node, ast.ImportFrom) else []
            assert not [
                name for name in names if name.startswith(("grader.solution", "grader.cases", "harness.validation"))
            ], path


def test_titles_are_sentences():
    for test in read_suites():
        assert test.title.endswith("."), test.number
        assert len(test.title) <= 120, test.number


GOOD = '@weight(1)\n@number("2.1a")\ndef test_one():\n    """A title."""\n'


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (GOOD.replace('    """A title."""', "    pass"), "has no docstring"),
        (GOOD.replace("@weight(1)\n", ""), "needs @weight"),
        (GOOD.replace('"2.1a"', '"two"'), "needs @weight"),
        (GOOD.replace("weight(1)", "weight(ONE)"), "takes literals only"),
        (GOOD + GOOD.replace("test_one", "test_two"), "are both number 2.1a"),
        ('@needs("2.1z")\n' + GOOD, "names 2.1z, which no suite has"),
        ('@explained_by("2.1z")\n' + GOOD, "names 2.1z, which no suite has"),
        ('@explained_by("2.1a")\n' + GOOD, "2.1a is explained by itself"),
        (
            '@explained_by("2.1b")\n'
            + GOOD
            + '@explained_by("2.1a")\n'
            + GOOD.replace("2.1a", "2.1b").replace("one", "two"),
            "2.1a is explained by itself, through 2.1b",
        ),
        ('@visibility("later")\n' + GOOD, "no visibility 'later'"),
    ],
)
def test_a_test_that_cannot_be_listed_is_a_fault_of_its_suite(tmp_path, text, complaint):
    (tmp_path / "test_part2.py").write_text(text)
    with pytest.raises(CatalogError, match=complaint):
        read_suites(tmp_path)
