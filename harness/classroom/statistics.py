"""How well tests and questions tell students apart: difficulty, discrimination, and the reliability of the whole.

These are the statistics of classical test theory, by submission. An *item* is a test, or a question that is marked by
hand.

- **Difficulty** is the share of an item's points that was earned, so that a high number is an easy item
  (Lord and Novick, *Statistical Theories of Mental Test Scores*, 1968, chapter 15).
- **Discrimination** is the correlation between an item and the sum of all other items. For an item that is right or
  wrong it is the point-biserial correlation. The item itself is left out of the sum, since it would correlate with
  itself (Henrysson, "Correction of item-total correlations in item analysis", *Psychometrika* 28, 1963).
- **Reliability** is Cronbach's α = k/(k−1) · (1 − Σ var(item) / var(total)) of k items (Cronbach, "Coefficient alpha
  and the internal structure of tests", *Psychometrika* 16, 1951). Tests that hang on each other make it too high.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.catalog import GradedTest, read_suites
from harness.problem import Question, problem

__all__ = ["FEWEST", "ItemStatistics", "Statistics", "describe"]

FEWEST = 10
"""The fewest submissions of which correlations are shown. Of ten, one of 0 lies between −0.63 and 0.63 with 95 %."""
WEAK = 0.1
"""The discrimination below which an item is worth a look."""
SMALLEST = 1e-12
"""Variances below this are those of equal numbers that were rounded."""


@dataclass(frozen=True)
class ItemStatistics:
    """What a class says about one test or question."""

    id: str
    """The number of a test, or the id of a question."""
    title: str
    maximum: float
    count: int
    """The number of submissions that have a score for it."""
    mean: float | None
    """None where nothing has a score yet."""
    discrimination: float | None = None
    """None of few submissions, and where all have the same score."""

    @property
    def difficulty(self) -> float | None:
        """The share of the points that was earned."""
        return None if self.mean is None or not self.maximum else self.mean / self.maximum

    @property
    def is_weak(self) -> bool:
        return self.discrimination is not None and self.discrimination < WEAK


@dataclass(frozen=True)
class Statistics:
    """What a class says about a problem set."""

    count: int
    """The number of submissions that were graded."""
    tests: tuple[ItemStatistics, ...]
    questions: tuple[ItemStatistics, ...]
    reliability: float | None
    """Cronbach's α of all items that every submission has a score for; None of few submissions."""
    items: int
    """The number of items that went into it."""

    @property
    def is_shown(self) -> bool:
        """Whether there are enough submissions for correlations."""
        return self.count >= FEWEST

    def of(self, id: str) -> ItemStatistics:
        """A test or a question."""
        return next(item for item in (*self.tests, *self.questions) if item.id == id)

    @property
    def weak(self) -> list[ItemStatistics]:
        """The items that say little about who did well elsewhere, or the contrary; the worst first."""
        found = [item for item in (*self.tests, *self.questions) if item.is_weak]
        return sorted(found, key=lambda item: item.discrimination or 0.0)


def describe(
    scores: Sequence[Mapping[str, float]],
    by_hand: Sequence[Mapping[str, float | None]] = (),
    tests: Sequence[GradedTest] | None = None,
    questions: Sequence[Question] | None = None,
) -> Statistics:
    """Statistics of a class.

    Args:
        scores: for each graded submission, its scores by the numbers of the tests.
        by_hand: the points by question of the same submissions, None where one is not marked yet.
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
    """Pearson's correlation of ``(N,)`` and ``(N,)`` float64; None where either has no variance."""
    if one.var() < SMALLEST or other.var() < SMALLEST:
        return None
    return float(np.corrcoef(one, other)[0, 1])


def cronbach(table: np.ndarray) -> float | None:
    """Cronbach's α of ``(submissions, items)`` float64; None of one item, or where all totals are equal."""
    items = table.shape[1]
    total = table.sum(axis=1).var(ddof=1) if len(table) > 1 else 0.0
    if items < 2 or total < SMALLEST:
        return None
    return float(items / (items - 1) * (1 - table.var(axis=0, ddof=1).sum() / total))
