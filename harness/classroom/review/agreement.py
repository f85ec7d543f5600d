"""The agreement of two markers who marked the same answers."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from harness.classroom.marking import Marks

__all__ = ["Agreement", "agreement", "kappa"]


@dataclass(frozen=True)
class Agreement:
    """Two markers' points for the same answers to a question."""

    question: str
    pairs: tuple[tuple[float, float], ...]
    """Pairs of the first and the second marker's points."""

    @property
    def same(self) -> int:
        """The number of answers with equal points from both markers."""
        return sum(first == second for first, second in self.pairs)

    @property
    def difference(self) -> float:
        """The mean of the second marker's points minus the first's."""
        return statistics.fmean(second - first for first, second in self.pairs)

    @property
    def kappa(self) -> float | None:
        return kappa(self.pairs)


def kappa(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Cohen's kappa: the share of equal points, corrected for chance; None if it isn't defined.

    Source: J. Cohen, "A coefficient of agreement for nominal scales", 1960.
    """
    if not pairs:
        return None
    count = len(pairs)
    observed = sum(first == second for first, second in pairs) / count
    firsts, seconds = Counter(first for first, _ in pairs), Counter(second for _, second in pairs)
    expected = sum(firsts[value] * seconds[value] for value in firsts) / count**2
    return None if expected == 1 else (observed - expected) / (1 - expected)


def agreement(marks: Marks, question: str) -> Agreement:
    """The agreement of the two markers of a question's sample."""
    pairs = []
    for id in marks.marked(question):
        first, second = marks.mark(id, question), marks.mark(id, question, second=True)
        if first is not None and second is not None:
            pairs.append((first.points, second.points))
    return Agreement(question, tuple(pairs))
