"""The class page: how a class did, part by part and test by test, and where to look."""

from __future__ import annotations

import itertools
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.catalog import GradedTest, read_suites
from harness.classroom.ledger import Entry, Status
from harness.classroom.roster import HandIn
from harness.classroom.tables import parts_of
from harness.gradebook import State
from harness.problem import problem
from harness.reports.html import environment
from harness.reports.text import plain, points

__all__ = ["Class", "render"]

BINS = 10
HARDEST = 10


@dataclass(frozen=True)
class Spread:
    """How points are spread over a class."""

    number: str
    title: str
    maximum: float
    scores: tuple[float, ...]

    @property
    def mean(self) -> float:
        return statistics.fmean(self.scores) if self.scores else 0.0

    @property
    def median(self) -> float:
        return statistics.median(self.scores) if self.scores else 0.0

    def counts(self, bins: int = BINS) -> list[int]:
        """Submissions by tenths of the maximum; who has all of it is in the last."""
        found = Counter(min(int(bins * score / self.maximum), bins - 1) for score in self.scores)
        return [found[index] for index in range(bins)]

    def labels(self, bins: int = BINS) -> list[str]:
        """The points that belong to each."""
        edges = [points(round(self.maximum * index / bins, 1)) for index in range(bins + 1)]
        return [f"{low} to {high}" for low, high in itertools.pairwise(edges)]


@dataclass(frozen=True)
class ClassResult:
    """What a test came to in a class."""

    test: GradedTest
    states: Mapping[State, int]
    earned: float
    """the share of its points that was earned by those who tried"""

    @property
    def count(self) -> int:
        return sum(self.states.values())

    @property
    def tried(self) -> int:
        return self.count - self.states.get(State.NOT_RUN, 0) - self.states.get(State.NOT_IMPLEMENTED, 0)


@dataclass(frozen=True)
class Class:
    """A class and its grades."""

    name: str
    seed: int
    hand_ins: Sequence[HandIn]
    entries: Mapping[str, Entry]

    def entry(self, hand_in: HandIn) -> Entry:
        return self.entries.get(hand_in.id, Entry(hand_in.id, Status.WAITING))

    @cached_property
    def graded(self) -> list[Entry]:
        """Those that count in distributions: what could not be graded says nothing about a test."""
        found = (self.entry(hand_in) for hand_in in self.hand_ins)
        return [entry for entry in found if entry.status in (Status.GRADED, Status.UNDECIDED, Status.OVERDUE)]

    @property
    def statuses(self) -> dict[Status, int]:
        found = Counter(self.entry(hand_in).status for hand_in in self.hand_ins)
        return {status: found[status] for status in Status if found[status]}

    @property
    def troubles(self) -> list[tuple[HandIn, Entry]]:
        """What somebody has to look at."""
        pairs = ((hand_in, self.entry(hand_in)) for hand_in in self.hand_ins)
        return [pair for pair in pairs if pair[1].status is not Status.GRADED]

    @cached_property
    def total(self) -> Spread:
        tests = read_suites()
        return Spread("", "Total", sum(test.points for test in tests), tuple(entry.score for entry in self.graded))

    @property
    def parts(self) -> list[Spread]:
        titles = {part.number: part.title for part in problem().part}
        return [
            Spread(
                number,
                titles[number],
                sum(test.points for test in tests),
                tuple(sum(entry.scores.get(test.number, 0.0) for test in tests) for entry in self.graded),
            )
            for number, tests in parts_of(read_suites()).items()
        ]

    @cached_property
    def tests(self) -> list[ClassResult]:
        return [self._result(test) for test in read_suites()]

    def _result(self, test: GradedTest) -> ClassResult:
        found = [entry for entry in self.graded if test.number in entry.states]
        states = Counter(entry.states[test.number] for entry in found)
        tried = [entry for entry in found if entry.states[test.number] in TRIED]
        earned = (
            sum(entry.scores.get(test.number, 0.0) for entry in tried) / (test.points * len(tried)) if tried else 0.0
        )
        return ClassResult(test, states, earned)

    @property
    def hardest(self) -> list[ClassResult]:
        """The tests of which those who tried earned least."""
        tried = [result for result in self.tests if result.tried and result.earned < 1]
        return sorted(tried, key=lambda result: result.earned)[:HARDEST]

    @property
    def equal(self) -> list[list[HandIn]]:
        """Submissions whose code is the same, letter by letter; those without any point are not told."""
        groups: dict[str, list[HandIn]] = {}
        for hand_in in self.hand_ins:
            entry = self.entry(hand_in)
            if entry.code and entry.score:
                groups.setdefault(entry.code, []).append(hand_in)
        return [group for group in groups.values() if len(group) > 1]


TRIED = (State.PASSED, State.PARTIAL, State.FAILED)


def render(graded: Class, similarity: str = "") -> str:
    """The page as text.

    Args:
        similarity: a sentence with what was found, where similarity.html is beside the page.
    """
    pages = environment(Path(__file__).resolve().parent)
    pages.filters.update(points=points, plain=plain)
    return pages.get_template("class.html.j2").render(
        graded=graded, similarity=similarity, status=Status, state=State, problem=problem()
    )
