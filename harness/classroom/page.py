"""The class page: the results of a class by part and by test, automatic and by hand, and what needs attention."""

from __future__ import annotations

import itertools
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

from harness.catalog import GradedTest, read_suites
from harness.classroom.attention import Notice, notices_of
from harness.classroom.journal import Entry, Journal, Status
from harness.classroom.roster import RosterEntry, load_roster
from harness.classroom.statistics import FEWEST, Statistics, describe
from harness.classroom.totals import Total, parts_of, totals
from harness.gradebook import State
from harness.numbers import part_of
from harness.problem import problem
from harness.reports.html import environment
from harness.reports.text import plain, points, write_atomically

__all__ = ["Class", "Running", "of_folder", "render", "write_again"]

BINS = 10
HARDEST = 10


@dataclass(frozen=True)
class Spread:
    """The distribution of points in a class."""

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
        """The number of submissions in each bin of points. The last bin includes the maximum."""
        found = Counter(min(int(bins * score / self.maximum), bins - 1) for score in self.scores)
        return [found[index] for index in range(bins)]

    def labels(self, bins: int = BINS) -> list[str]:
        """The range of points of each bin."""
        edges = [points(round(self.maximum * index / bins, 1)) for index in range(bins + 1)]
        return [f"{low} to {high}" for low, high in itertools.pairwise(edges)]


@dataclass(frozen=True)
class ClassResult:
    """The results of a test in a class."""

    test: GradedTest
    states: Mapping[State, int]
    earned: float
    """The share of the test's points that was earned by those who tried."""

    @property
    def count(self) -> int:
        return sum(self.states.values())

    @property
    def tried(self) -> int:
        return self.count - self.states.get(State.NOT_RUN, 0) - self.states.get(State.NOT_IMPLEMENTED, 0)


@dataclass(frozen=True)
class Running:
    """The progress of a running batch."""

    done: int
    at: datetime
    """The time at which the page was written."""
    patience: float
    """The seconds after which an old page is that of a stopped batch."""


@dataclass(frozen=True)
class Class:
    """A class and its grades."""

    name: str
    seed: int
    roster_entries: Sequence[RosterEntry]
    entries: Mapping[str, Entry]
    totals: Sequence[Total] = ()
    """The totals of both kinds of points. Without them, only automatic points are shown."""
    notices: Sequence[Notice] = ()
    """The submissions that need attention, besides those without a grade."""
    running: Running | None = None

    def entry(self, roster_entry: RosterEntry) -> Entry:
        return self.entries.get(roster_entry.id, Entry(roster_entry.id, Status.WAITING))

    @cached_property
    def graded(self) -> list[Entry]:
        """The graded submissions, which count in distributions."""
        found = (self.entry(roster_entry) for roster_entry in self.roster_entries)
        return [entry for entry in found if entry.status in (Status.GRADED, Status.UNDECIDED, Status.OVERDUE)]

    @property
    def statuses(self) -> dict[Status, int]:
        found = Counter(self.entry(roster_entry).status for roster_entry in self.roster_entries)
        return {status: found[status] for status in Status if found[status]}

    @property
    def troubles(self) -> list[tuple[RosterEntry, Entry]]:
        """Submissions without a full grade. Waiting submissions of a running batch don't count."""
        fine = (Status.GRADED, Status.WAITING) if self.running else (Status.GRADED,)
        pairs = ((roster_entry, self.entry(roster_entry)) for roster_entry in self.roster_entries)
        return [pair for pair in pairs if pair[1].status not in fine]

    @cached_property
    def by_id(self) -> dict[str, Total]:
        return {total.id: total for total in self.totals}

    def points_of(self, entry: Entry, part: str = "") -> float:
        """The automatic points of a submission or of a part of it, with overrides by hand."""
        total = self.by_id.get(entry.id)
        if total is not None and total.automatic is not None:
            return total.parts.get(part, 0.0) if part else total.automatic
        return sum(score for number, score in entry.scores.items() if not part or part_of(number) == part)

    @cached_property
    def total(self) -> Spread:
        """The distribution of automatic points."""
        maximum = sum(test.points for test in read_suites())
        return Spread("", "Automatic points", maximum, tuple(self.points_of(entry) for entry in self.graded))

    @cached_property
    def hand(self) -> Spread:
        """The distribution of points by hand, of submissions with all marks."""
        found = tuple(total.hand for total in self.totals if total.hand is not None)
        return Spread("", "Points by hand", float(sum(question.points for question in problem().question)), found)

    @cached_property
    def whole(self) -> Spread:
        """The distribution of totals, of submissions that have one."""
        found = tuple(total.total for total in self.totals if total.total is not None)
        return Spread("", "Total", float(problem().handout), found)

    @cached_property
    def statistics(self) -> Statistics:
        """The statistics of automatic tests and questions: difficulty, discrimination and reliability."""
        totals = [self.by_id.get(entry.id) for entry in self.graded]
        by_hand = [total.by_hand if total else {} for total in totals] if self.totals else []
        return describe([entry.scores for entry in self.graded], by_hand)

    @property
    def parts(self) -> list[Spread]:
        titles = {part.number: part.title for part in problem().part}
        return [
            Spread(
                number,
                titles[number],
                sum(test.points for test in tests),
                tuple(self.points_of(entry, number) for entry in self.graded),
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
        """The tests with the smallest share of points among those who tried."""
        tried = [result for result in self.tests if result.tried and result.earned < 1]
        return sorted(tried, key=lambda result: result.earned)[:HARDEST]

    @property
    def equal(self) -> list[list[RosterEntry]]:
        """Groups of submissions with identical code. Submissions without any points are left out."""
        groups: dict[str, list[RosterEntry]] = {}
        for roster_entry in self.roster_entries:
            entry = self.entry(roster_entry)
            if entry.code and entry.score:
                groups.setdefault(entry.code, []).append(roster_entry)
        return [group for group in groups.values() if len(group) > 1]


TRIED = (State.PASSED, State.PARTIAL, State.FAILED)


def of_folder(
    folder: Path, name: str, seed: int, roster_entries: Sequence[RosterEntry], running: Running | None = None
) -> Class:
    """Read a class from the folder of its batch.

    Args:
        running: the progress of a running batch. Slow parts of the page are then left out.

    Raises:
        RosterError: the folder has no roster.
        LateError: the rules for late days can't be used.
        MarkError: the marks can't be read.
    """
    found = Class(name, seed, roster_entries, Journal(folder).entries(), totals(folder), running=running)
    return found if running else replace(found, notices=notices_of(folder, found.totals))


def write_again(folder: Path) -> None:
    """Write the page of a finished batch again, with new marks.

    Raises:
        JournalError: the batch has no readable header.
        RosterError, LateError, MarkError: see :func:`of_folder`.
    """
    header = Journal(folder).header()
    graded = of_folder(folder, Path(header.submissions).resolve().name, header.seed, load_roster(folder))
    similarity = "see which submissions are alike." if (folder / "similarity.html").is_file() else ""
    write_atomically(folder / "index.html", render(graded, similarity))


def render(graded: Class, similarity: str = "") -> str:
    """The page as text.

    Args:
        similarity: a sentence about similar submissions, if similarity.html is beside the page.
    """
    pages = environment(Path(__file__).resolve().parent)
    pages.filters.update(points=points, plain=plain)
    return pages.get_template("class.html.j2").render(
        graded=graded,
        similarity=similarity,
        status=Status,
        state=State,
        problem=problem(),
        fewest=FEWEST,
        statistics=graded.statistics,
        weak=graded.statistics.weak[:HARDEST],
    )
