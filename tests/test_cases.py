"""Submissions whose right grade is known get it: the solution, the stubs, and every case of grader/validation."""

from __future__ import annotations

import shutil

import pytest

from grader.catalog import RESULTS, read_suites
from grader.gradebook import Gradebook, Outcome, State
from grader.grading import grade
from grader.validation.cases import SOLUTION, STUBS, Case, read_cases

CASES = read_cases()
MAXIMUM = sum(test.points for test in read_suites())
#: Tests of code. What looks at results of experiments is tested in test_results.py.
OF_CODE = [test for test in read_suites() if RESULTS not in test.tags]


def by_name(case: Case) -> str:
    return f"{case.kind}/{case.name}"


def lost(gradebook: Gradebook, part: str) -> dict[str, Outcome]:
    """Results of the tests of a part's code that were not passed, by number."""
    return {
        test.number: outcome
        for test, outcome in gradebook.results
        if test.number.startswith(part) and RESULTS not in test.tags and outcome.state is not State.PASSED
    }


def test_the_solution_earns_every_point_that_needs_no_results(launcher):
    gradebook = grade(SOLUTION, launcher=launcher)
    assert lost(gradebook, "") == {}
    assert gradebook.score == sum(test.points for test in OF_CODE) == 182
    assert gradebook.maximum == MAXIMUM == 203
    assert gradebook.undecided == 0


def test_the_stubs_earn_nothing_and_every_line_says_so(launcher, tmp_path):
    stubs = shutil.copytree(STUBS, tmp_path / "stubs")  # next to student/ there may be results
    gradebook = grade(stubs, launcher=launcher)
    assert gradebook.score == 0
    assert gradebook.maximum == MAXIMUM
    for test, outcome in gradebook.results:
        assert outcome.state is State.NOT_IMPLEMENTED, test.number
        first = "No results yet" if RESULTS in test.tags else f"Not implemented yet: Part {test.part[0]}."
        assert outcome.message.startswith(first), test.number


@pytest.mark.parametrize("case", CASES, ids=by_name)
def test_a_case_loses_exactly_what_it_should(case, tmp_path, launcher):
    for package in case.requires:
        pytest.importorskip(package)
    # One seed, so that a case whose mistake shows for most inputs, but not for all, has one verdict here.
    gradebook = grade(case.write(tmp_path / "submission"), parts=(case.part,), seed=2420, launcher=launcher)
    assert gradebook.maximum == MAXIMUM
    assert not gradebook.undecided, [outcome.fault for _, outcome in gradebook.results if outcome.fault]
    found = lost(gradebook, case.part)
    assert sorted(found.keys() - case.may_lose) == sorted(case.loses)
    for number, symptom in case.loses.items():
        if found[number].state is not State.NOT_RUN:  # then the message names the test that failed first
            assert symptom in found[number].message, number


def test_there_are_enough_cases_and_each_wrong_one_names_a_symptom():
    kinds = [case.kind for case in CASES]
    assert kinds.count("wrong") >= 30
    assert kinds.count("right") >= 15
    assert kinds.count("broken") >= 10
    assert [case.name for case in CASES if case.kind == "wrong" and not any(case.loses.values())] == []


def test_every_graded_test_has_a_case_that_loses_it():
    assert {test.number for test in OF_CODE} == {number for case in CASES for number in case.loses}
