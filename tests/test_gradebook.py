"""The gradebook: states, the fixed maximum, and tests that need others."""

from __future__ import annotations

import math

import pytest

from harness.catalog import GradedTest
from harness.gradebook import Gradebook, Outcome, State


def graded(number: str, points: float = 2, **more) -> GradedTest:
    return GradedTest(number=number, title=f"Title {number}.", points=points, file="f.py", function="test", **more)


@pytest.fixture
def gradebook() -> Gradebook:
    return Gradebook("someone", seed=1, tests=(graded("2.1a"), graded("2.1b", needs=("2.1a",)), graded("6.1a", 3)))


def test_before_anything_runs_the_maximum_is_there_and_every_test_is_not_run(gradebook):
    assert gradebook.maximum == 7
    assert gradebook.score == 0
    assert {outcome.state for _, outcome in gradebook.results} == {State.NOT_RUN}


def test_a_score_is_held_to_the_points_of_its_test(gradebook):
    gradebook.record("2.1a", Outcome(State.PASSED, score=1000))
    gradebook.record("6.1a", Outcome(State.FAILED, score=-5))
    assert gradebook.score == 2
    assert gradebook.maximum == 7


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
def test_a_score_is_finite(score):
    with pytest.raises(ValueError, match="a score of"):
        Outcome(State.PASSED, score=score)


@pytest.mark.parametrize("order", [("2.1a", "2.1b"), ("2.1b", "2.1a")])
def test_what_needs_a_failed_test_is_not_run_in_any_order(gradebook, order):
    outcomes = {"2.1a": Outcome(State.FAILED, finding="wrong"), "2.1b": Outcome(State.PASSED, score=2)}
    for number in order:
        gradebook.record(number, outcomes[number])
    dependent = gradebook.outcome(gradebook.tests[1])
    assert dependent.state is State.NOT_RUN
    assert dependent.score == 0
    assert dependent.message == "Not run: 2.1a failed first (Title 2.1a)."


def test_a_partial_result_meets_a_need(gradebook):
    gradebook.record("2.1a", Outcome(State.PARTIAL, score=1))
    gradebook.record("2.1b", Outcome(State.PASSED, score=2))
    assert gradebook.score == 3


def test_a_stub_says_not_implemented_even_where_it_needs_another(gradebook):
    for number in ("2.1a", "2.1b"):
        gradebook.record(number, Outcome(State.NOT_IMPLEMENTED, finding="not yet"))
    assert [gradebook.outcome(test).state for test in gradebook.tests[:2]] == [State.NOT_IMPLEMENTED] * 2


def test_a_fault_of_the_grader_is_undecided_and_keeps_no_other_test_from_its_points(gradebook):
    gradebook.record("2.1a", Outcome(State.NOT_RUN, fault="Traceback ..."))
    gradebook.record("2.1b", Outcome(State.PASSED, score=2))
    assert gradebook.undecided == 2
    assert gradebook.score == 2
    assert gradebook.maximum == 7


def test_what_was_not_selected_says_so(gradebook):
    gradebook.select(["6.1a"])
    assert gradebook.outcome(gradebook.tests[0]).message == "Not selected in this run."
    assert gradebook.outcome(gradebook.tests[2]).message == "The run ended before this test."
