"""Item statistics of tests and questions: difficulty, discrimination, and the reliability of the total.

These are the statistics of classical test theory, by submission. An *item* is a test, or a question that is marked by
hand.

- **Difficulty** is the share of an item's points that was earned, so that a high number is an easy item
  (Lord and Novick, *Statistical Theories of Mental Test Scores*, 1968, chapter 15).
- **Discrimination** is the correlation between an item and the sum of all other items. For an item that is right or
  wrong it is the point-biserial correlation. The item itself is left out of the sum, since it would correlate with
  itself (Henrysson, "Correction of item-total correlations in item analysis", *Psychometrika* 28, 1963).
- **Reliability** is Cronbach's α = k/(k−1) · (1 − Σ var(item) / var(total)) of k items (Cronbach, "Coefficient alpha
  and the internal structure of tests", *Psychometrika* 16, 1951). Tests that depend on each other make it too high.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.catalog import GradedTest, read_suites
from harness.problem import Question, problem

__all__ = ["FEWEST", "ItemStatistics", "Statistics", "describe"]

FEWEST = 10
"""The fewest submissions for which correlations are shown. With ten, 95 % of uncorrelated items lie between −0.63 and
0.63.
"""
WEAK = 0.1
"""The discrimination below which an item should be checked."""
SMALLEST = 1e-12
"""The variance below which numbers count as equal up to rounding."""


@dataclass(frozen=True)
class ItemStatistics:
    """The statistics of one test or question."""

    id: str
    """The number of a test, or the id of a question."""
    title: str
    maximum: float
    count: int
    """The number of submissions that have a score for it."""
    mean: float | None
    """The mean score; None if there is none yet."""
    discrimination: float | None = None
    """The discrimination; None for few submissions or if all scores are equal."""

    @property
    def difficulty(self) -> float | None:
        """The share of the points that was earned."""
        return None if self.mean is None or not self.maximum else self.mean / self.maximum

    @property
    def is_weak(self) -> bool:
        return self.discrimination is not None and self.discrimination < WEAK


@dataclass(frozen=True)
class Statistics:
    """The statistics of a problem set in a class."""

    count: int
    """The number of submissions that were graded."""
    tests: tuple[ItemStatistics, ...]
    questions: tuple[ItemStatistics, ...]
    reliability: float | None
    """Cronbach's α of all items for which every submission has a score; None for few submissions."""
    items: int
    """The number of items in the reliability."""

    @property
    def is_shown(self) -> bool:
        """Whether there are enough submissions for correlations."""
        return self.count >= FEWEST

    def of(self, id: str) -> ItemStatistics:
        """The statistics of a test or a question, by its id."""
        return next(item for item in (*self.tests, *self.questions) if item.id == id)

    @property
    def weak(self) -> list[ItemStatistics]:
        """The items with a low or negative discrimination, the lowest first."""
        found = [item for item in (*self.tests, *self.questions) if item.is_weak]
        return sorted(found, key=lambda item: item.discrimination or 0.0)


def describe(
    scores: Sequence[Mapping[str, float]],
    by_hand: Sequence[Mapping[str, float | None]] = (),
    tests: Sequence[GradedTest] | None = None,
    questions: Sequence[Question] | None = None,
) -> Statistics:
    """Compute the statistics of a class.

    Args:
        scores: the scores of each graded submission, by the number of the test.
        by_hand: the points of the same submissions by question; None for a question that isn't marked yet.
    """
    tests = read_suites() if tests is None else tests
    questions = problem().question if questions is None else questions
    rows = [[one.get(test.number, 0.0) for test in tests] for one in scores]
    marks = [[_number(one.get(question.id)) for question in questions] for one in by_hand] or [[] for _ in scores]
    of_tests, of_questions, size = len(tests), len(questions) if by_hand else 0, len(scores)
    table = np.hstack(
        [np.array(rows, float).reshape(size, of_tests), np.array(marks, float).reshape(size, of_questions)]
    )
    ids = [
        *((test.number, test.title, test.points) for test in tests),
        *((question.id, question.title, float(question.points)) for question in questions),
    ]
    items = [_item(table, column, *about) for column, about in enumerate(ids[: table.shape[1]])]
    items += [ItemStatistics(*about, count=0, mean=None) for about in ids[table.shape[1] :]]
    whole = table[:, ~np.isnan(table).any(axis=0)] if len(scores) else table
    reliability = cronbach(whole) if len(scores) >= FEWEST else None
    return Statistics(size, tuple(items[:of_tests]), tuple(items[of_tests:]), reliability, whole.shape[1])


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def _item(table: np.ndarray, column: int, id: str, title: str, maximum: float) -> ItemStatistics:
    """One column of scores, ``(submissions, items)`` float64 with NaN for what has no score."""
    known = table[~np.isnan(table[:, column])]
    own = known[:, column]
    if not len(own):
        return ItemStatistics(id, title, maximum, 0, None)
    others = np.delete(known, column, axis=1)
    rest = others[:, ~np.isnan(others).any(axis=0)].sum(axis=1)
    found = correlation(own, rest) if len(own) >= FEWEST else None
    return ItemStatistics(id, title, maximum, len(own), float(own.mean()), found)


def correlation(one: np.ndarray, other: np.ndarray) -> float | None:
    """Pearson's correlation of ``(N,)`` and ``(N,)`` float64; None if either has no variance."""
    if one.var() < SMALLEST or other.var() < SMALLEST:
        return None
    return float(np.corrcoef(one, other)[0, 1])


def cronbach(table: np.ndarray) -> float | None:
    """Cronbach's α of ``(submissions, items)`` float64; None for a single item, or if all totals are equal."""
    items = table.shape[1]
    total = table.sum(axis=1).var(ddof=1) if len(table) > 1 else 0.0
    if items < 2 or total < SMALLEST:
        return None
    return float(items / (items - 1) * (1 - table.var(axis=0, ddof=1).sum() / total))
