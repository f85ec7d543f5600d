"""The manifest of a problem set: what it says, and what is refused in it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from harness.catalog import read_suites
from harness.numbers import comes_after, is_part, is_test, lies_in, part_of, sort_key
from harness.problem import FILE, RUBRIC, Limits, ProblemError, load, problem, tomllib
from harness.validation.cases import SOLUTION, STUBS
from tests.conftest import ROOT

SMALL = """
[problem]
course = "CS 1"
title = "PSet 9"
stem = "CS1_PSet9"
features = ["answers"]

[[module]]
name = "softmax"
part = "1"
names = { softmax = "1.1" }

[[module]]
name = "digits"
part = "12"
names = { train = "12.3" }

[[part]]
number = "1.1"
title = "Softmax"
handout = 10
automatic = 8

[[part]]
number = "12.3"
title = "Digits"
handout = 10
automatic = 10

[[question]]
part = "1.1"
title = "Why is the maximum subtracted?"
points = 2
words = 50
"""


@pytest.fixture
def read(tmp_path):
    def read_text(text: str):
        (tmp_path / "problem.toml").write_text(text, encoding="utf-8")
        return load(tmp_path)

    return read_text


def test_a_manifest_is_read(read):
    found = read(SMALL + "\n[limits]\ncall_seconds = 2.5\n")
    assert (found.handout, found.automatic, found.by_hand) == (20, 18, 2)
    assert found.modules == {"1": "softmax", "12": "digits"}
    assert found.limits == Limits(call_seconds=2.5)
    assert found.problem.name == "CS 1 PSet 9"
    for number, module in (("1.1a", "softmax"), ("12.3", "digits"), ("12.3b", "digits")):
        assert found.module_of(number) is found.named(module)
    assert found.module_of("2.1a") is None


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('title = "Softmax"', 'titel = "Softmax"', r"is not valid: .*titel"),
        ('title = "Softmax"', 'title = "Softmax"\ncolour = "red"', r"unknown field `colour`"),
        ("handout = 10", 'handout = "ten"', r"Expected `int`, got `str`"),
        ('features = ["answers"]', 'features = ["answer"]', r"Invalid enum value 'answer'"),
        ("[problem]", "[problem", r"is not valid: "),
        ('number = "1.1"', 'number = "1.1a"', r"1\.1a is not the number of a part"),
        ('number = "12.3"', 'number = "1.1"', r"1\.1 is a part twice"),
        ('number = "1.1"', 'number = "13.1"', r"its parts are not in ascending order"),
        ('part = "12"', 'part = "1"', r"1 is a module's part twice"),
        ('part = "12"', 'part = "1.1"', r"digits.train belongs to 12.3, which is not a part of the module"),
        ('name = "digits"', 'name = "softmax"', r"there are two modules softmax"),
        ('name = "digits"', 'name = "my digits"', r"my digits can't be the name of a module"),
        ('{ train = "12.3" }', "{}", r"module digits has no names"),
        (
            '{ train = "12.3" }',
            '{ train = "12.4" }',
            r"digits.train belongs to 12.4, which is not a part of the module",
        ),
        ('part = "12"\nnames = { train = "12.3" }', 'part = "1.1"\nnames = { train = "1.1" }', "softmax and digits"),
        ("automatic = 8", "automatic = 11", r"part 1.1 has 11 automatic points of 10"),
        ("automatic = 8", "automatic = 7", r"the questions of part 1.1 have 2 points, of 3 that are left"),
        ('[[question]]\npart = "1.1"', '[[question]]\npart = "2.1"', r"a question belongs to 2.1, which is not a part"),
        ("[problem]", 'slowest_first = ["digits"]\n[problem]', "slowest_first lacks softmax"),
        (
            "[problem]",
            'slowest_first = ["digits", "softmax", "s"]\n[problem]',
            "slowest_first names s, which is not a module",
        ),
        ("[problem]", 'slowest_first = ["digits", "softmax", "digits"]\n[problem]', "slowest_first names digits twice"),
        ("[problem]", "[limits]\nseconds = 1\n[problem]", r"unknown field `seconds`"),
    ],
)
def test_a_mistake_in_a_manifest_is_one_sentence(read, before, after, said):
    assert before in SMALL
    with pytest.raises(ProblemError, match=said) as caught:
        read(SMALL.replace(before, after, 1))
    assert re.fullmatch(r"[^\n]*problem\.toml (is not valid|contradicts itself): [^\n]+\.", str(caught.value))


def test_a_missing_manifest_is_one_sentence(tmp_path):
    with pytest.raises(ProblemError, match=r"problem.toml can't be read: No such file or directory\.$"):
        load(tmp_path)


# ---- numbers -------------------------------------------------------------------------------------------------


def test_numbers_of_any_length_are_told_apart():
    assert all(map(is_part, ("2", "2.1", "12.3", "1.10.2")))
    assert not any(map(is_part, ("", "2.", ".1", "2.1a", "2..1", "a", "2.1 ", "2.1\n", "1234")))
    assert all(map(is_test, ("2.1a", "12.3z", "2.10aa")))
    assert not any(map(is_test, ("2.1", "a", "2.1A", "2.1abcd")))
    assert [part_of(number) for number in ("2.1a", "12.3zz", "2.1")] == ["2.1", "12.3", "2.1"]
    with pytest.raises(ValueError, match="is not the number of a part or a test"):
        part_of("2.1A")


def test_a_part_has_its_own_tests_and_no_others():
    assert all(lies_in("2.1a", wanted) for wanted in ("2", "2.1", "2.1a"))
    assert not any(lies_in(number, "2.1") for number in ("2.10", "2.10a", "2", "2.2a", "12.1a"))
    assert not any(lies_in(number, "1") for number in ("12.3a", "12", "10.1", "2.1a"))
    assert lies_in("2a", "2")
    assert not lies_in("2.1aa", "2.1a")


def test_numbers_are_sorted_as_people_do():
    numbers = ["1.1", "2.1a", "2.1z", "2.1aa", "2.2", "2.9a", "2.10a", "12.3a"]
    assert sorted(sorted(numbers), key=sort_key) == numbers
    assert comes_after("10.1", "2")
    assert not comes_after("2.1", "2")
    assert not comes_after("1.9", "2")


# ---- this problem set ----------------------------------------------------------------------------------------


def _defined(path: Path) -> list[str]:
    """What a module defines for others, in its order."""
    found: list[str] = []
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.append(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.append(node.target.id)
        elif isinstance(node, ast.Assign):
            found += [target.id for target in node.targets if isinstance(target, ast.Name)]
    return [name for name in found if not name.startswith("_")]


@pytest.mark.parametrize("module", problem().module, ids=lambda module: module.name)
def test_the_manifest_names_what_the_stubs_define(module):
    assert sorted(_defined(STUBS / module.file)) == sorted(module.names)
    assert set(module.names) <= set(_defined(SOLUTION / module.file))


def test_the_manifest_and_the_suites_have_the_same_parts_and_points():
    points = {part.number: 0.0 for part in problem().part}
    for test in read_suites():
        points[test.part] += test.points
    assert points == {part.number: part.automatic for part in problem().part}


def test_pyproject_installs_what_the_problem_set_requires():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert set(problem().problem.requirements) <= set(project["project"]["dependencies"])
    assert (ROOT / project["tool"]["harness"]["problem"] / "problem.toml").is_file()


def test_a_rubric_for_a_question_that_is_none_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text((ROOT / "examples/softmax/grader" / FILE).read_text())
    (tmp_path / RUBRIC).write_text('[[item]]\nquestion = "9.9"\npoints = 1\ntext = "Something."\n')
    with pytest.raises(ProblemError, match=r"rubric.toml has an item of question 9\.9"):
        load(tmp_path)


def test_the_items_that_give_points_add_up_to_the_questions_points(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text((ROOT / "examples/softmax/grader" / FILE).read_text())
    (tmp_path / RUBRIC).write_text('[[item]]\nquestion = "2.1"\npoints = 5\ntext = "Something."\n')
    with pytest.raises(ProblemError, match=r"the items of question 2\.1 give 5 points, of 2"):
        load(tmp_path)


def test_all_questions_have_a_rubric_that_gives_their_points() -> None:
    for question in problem().question:
        assert question.asks, question.id
        assert sum(item.points for item in question.items if item.points > 0) == question.points, question.id
