"""Difficulty, discrimination and reliability, held to numbers that were worked out by hand or by another formula."""

from __future__ import annotations

import numpy as np
import pytest

from harness.catalog import read_suites
from harness.classroom.statistics import FEWEST, correlation, cronbach, describe
from harness.problem import problem

TESTS = read_suites()[:3]
QUESTIONS = problem().question[:1]
ONE, TWO, THREE = (test.number for test in TESTS)


def scores(*rows: tuple[float, float, float]) -> list[dict[str, float]]:
    return [dict(zip((ONE, TWO, THREE), row, strict=True)) for row in rows]


def test_the_reliability_of_a_known_table():
    """Four persons, three items with variances 2/3, 2/3 and 1/3, and 13/3 of the total: α = 3/2 · (1 − 5/13)."""
    table = np.array([[0, 0, 0], [1, 1, 0], [1, 1, 1], [2, 2, 1]], float)
    variances = table.var(axis=0, ddof=1)
    assert variances == pytest.approx([2 / 3, 2 / 3, 1 / 3])
    total = table.sum(axis=1).var(ddof=1)
    assert total == pytest.approx(13 / 3)
    assert cronbach(table) == pytest.approx(3 / 2 * (1 - (5 / 3) / (13 / 3)))


def test_items_that_are_the_same_have_a_reliability_of_one():
    column = np.arange(12.0)
    assert cronbach(np.column_stack([column, column])) == pytest.approx(1)


def test_discrimination_is_the_point_biserial_of_all_other_points():
    rows = [(index % 2, index % 2 + index / 10, index / 5) for index in range(12)]
    found = describe(scores(*rows), tests=TESTS, questions=())
    rest = np.array([two + three for _, two, three in rows])
    passed = np.array([one == 1 for one, _, _ in rows])
    share = passed.mean()
    expected = (rest[passed].mean() - rest[~passed].mean()) / rest.std() * np.sqrt(share * (1 - share))
    assert found.of(ONE).discrimination == pytest.approx(expected)


def test_an_item_is_not_correlated_with_itself():
    rows = [(float(index), 1.0, 1.0) for index in range(12)]
    assert describe(scores(*rows), tests=TESTS, questions=()).of(ONE).discrimination is None


def test_the_difficulty_is_the_share_that_was_earned():
    half = TESTS[0].points / 2
    found = describe(scores(*[(half, 0, 0)] * 3), tests=TESTS, questions=())
    assert found.of(ONE).difficulty == 0.5
    assert found.of(TWO).difficulty == 0


def test_a_test_that_the_best_lose_comes_first():
    rows = [(float(index < 6), float(index >= 6), index / 12) for index in range(12)]
    found = describe(scores(*rows), tests=TESTS, questions=())
    worst = found.of(ONE).discrimination
    assert worst is not None
    assert worst < 0
    assert found.weak[0].id == ONE
    assert THREE not in [item.id for item in found.weak][:1]


@pytest.mark.parametrize(("count", "shown"), [(0, False), (FEWEST - 1, False), (FEWEST, True)])
def test_of_few_submissions_there_are_no_correlations(count, shown):
    found = describe(scores(*[(index % 2, index % 2, index % 3) for index in range(count)]), tests=TESTS, questions=())
    assert found.is_shown is shown
    assert (found.reliability is not None) is shown
    assert (found.of(ONE).discrimination is not None) is shown


def test_questions_count_as_far_as_they_are_marked():
    (question,) = QUESTIONS
    rows = scores(*[(index % 2, index % 3, 0) for index in range(20)])
    marks = [{question.id: float(index % 2)} if index < 15 else {question.id: None} for index in range(20)]
    found = describe(rows, marks, TESTS, QUESTIONS)
    item = found.of(question.id)
    assert (item.count, item.mean) == (15, pytest.approx(7 / 15))
    assert item.discrimination == pytest.approx(
        correlation(np.arange(15) % 2 * 1.0, np.array([index % 2 + index % 3 for index in range(15)], float))
    )
    assert found.items == 3  # a question that is not marked for all is in no total
    assert describe(rows, [{question.id: 1.0}] * 20, TESTS, QUESTIONS).items == 4


def test_a_class_in_which_all_are_equal_has_no_correlations():
    found = describe(scores(*[(1, 1, 1)] * 20), tests=TESTS, questions=())
    assert found.reliability is None
    assert found.of(ONE).discrimination is None
