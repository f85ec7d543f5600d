"""The gradebook: the outcome of every test of a submission. All reports are made from it alone."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Literal

from harness.catalog import GradedTest, read_suites
from harness.edition import EDITION
from harness.facts import Fact
from harness.failure import StackLine, as_text
from harness.problem import Part, problem
from harness.submission.intake import Item

__all__ = [
    "UNGRADED",
    "Gradebook",
    "Measurement",
    "Outcome",
    "Panel",
    "PartScore",
    "Picture",
    "Reason",
    "State",
    "not_graded",
    "waiting_for",
]


class State(str, Enum):
    """The state of a test after the run."""

    PASSED = "passed"
    PARTIAL = "partial"
    FAILED = "failed"
    NOT_RUN = "not run"
    NOT_IMPLEMENTED = "not implemented"


class Reason(str, Enum):
    """The reason why a test did not earn all its points.

    The first group are the kinds of ``harness.failure.Failure``.
    """

    EXCEPTION = "exception"
    NOT_IMPLEMENTED = "not implemented"
    MISSING = "missing"
    IMPORT = "import"
    TIMEOUT = "timeout"
    DIED = "died"
    UNUSABLE = "unusable"

    CHECK = "check"
    """A check of the test failed."""
    WITHHELD = "withheld"
    """Student code failed in a hidden test, and the details are withheld."""
    NO_RESULTS = "no results"
    """The experiments that the test checks were not run yet."""
    QUICK_RESULTS = "quick results"
    """The results are correct, but come from a profile that earns no points."""
    OTHER_TEST = "other test"
    """The test was skipped because a test that it needs failed."""
    OUT_OF_TIME = "out of time"
    """The run's deadline passed before the test."""
    UNFINISHED = "unfinished"
    """The run ended before the test."""
    NOT_SELECTED = "not selected"
    NOT_GRADED = "not graded"
    """Nothing of the submission could be graded."""
    FAULT = "fault"
    """The grader itself had a fault."""


@dataclass(frozen=True)
class Panel:
    """One part of a picture."""

    title: str
    values: list[list[float]]
    """The rows of a heat map; for other pictures, a single row."""
    marked: list[bool] = field(default_factory=list)
    """The flags of the bars. True: the bar has the second color."""


@dataclass(frozen=True)
class Picture:
    """The numbers of a picture that a test shows on the score page."""

    title: str
    kind: Literal["heat maps", "histograms", "bars"]
    panels: list[Panel]
    x: str = ""
    y: str = ""


@dataclass(frozen=True)
class Measurement:
    """A measured quantity, with the bound that was chosen by measuring."""

    what: str
    value: float
    bound: float
    rises: bool = True
    """True: the value must be at least the bound. False: it must be less."""

    @property
    def margin(self) -> float:
        """The distance from the bound, positive on the passing side."""
        return self.value - self.bound if self.rises else self.bound - self.value


@dataclass(frozen=True)
class Outcome:
    """The result of one test."""

    state: State
    score: float = 0.0
    reason: Reason | None = None
    """The reason why points are missing; None if none are."""
    finding: str = ""
    """The sentence for the student: what was found and what was expected. For a passed test it is a remark."""
    location: list[StackLine] = field(default_factory=list)
    """The student's own lines of the traceback, with the submission's own file or cell names."""
    hints: list[str] = field(default_factory=list)
    """Sentences on the likely cause and on what to do."""
    printed: str = ""
    """The output of student code during the test."""
    withheld: str = ""
    """The text of student code in a hidden test, for staff only, because it could reveal the test's inputs."""
    seconds: float = 0.0
    fault: str = ""
    """A fault of the grader itself, for staff. It is never counted against a student."""
    leaderboard: float | None = None
    pictures: list[Picture] = field(default_factory=list)
    measurements: list[Measurement] = field(default_factory=list)
    """Measured values with their bounds, for staff, who calibrate the bounds."""
    facts: list[Fact] = field(default_factory=list)
    """Facts that the test measured about the submission, for staff, who compare written answers with them."""

    def __post_init__(self) -> None:
        if not math.isfinite(self.score):
            raise ValueError(f"a score of {self.score} is none")

    @property
    def message(self) -> str:
        """Finding, location and hints as one text, for reports."""
        return as_text(self.finding, self.location, self.hints)


UNFINISHED = Outcome(State.NOT_RUN, reason=Reason.UNFINISHED, finding="The run ended before this test.")
NOT_SELECTED = Outcome(State.NOT_RUN, reason=Reason.NOT_SELECTED, finding="Not selected in this run.")
UNGRADED = (
    "The grader itself had a fault. It doesn't count against you: tell the course staff, who will grade it again."
)
"""The message for tests that were not run because of an earlier fault."""


def waiting_for(needed: GradedTest, seconds: float = 0.0) -> Outcome:
    """The outcome of a test that was skipped because a test that it needs failed."""
    finding = f"Not run: {needed.number} failed first ({needed.title.rstrip('.')})."
    return Outcome(State.NOT_RUN, reason=Reason.OTHER_TEST, finding=finding, seconds=seconds)


@dataclass(frozen=True)
class PartScore:
    """A part of the handout with the results of its tests."""

    part: Part
    results: tuple[tuple[GradedTest, Outcome], ...]

    @property
    def score(self) -> float:
        return sum(outcome.score for _, outcome in self.results)

    @property
    def maximum(self) -> float:
        return sum(test.points for test, _ in self.results)


@dataclass
class Gradebook:
    """Results by test number, for a list of tests that is fixed from the start."""

    submission: str
    """The submission's name in reports."""
    seed: int
    """The run's seed. ``--seed`` with it repeats the inputs."""
    tests: tuple[GradedTest, ...] = field(default_factory=read_suites)
    selected: frozenset[str] | None = None
    """The numbers of the tests that the run consists of; None: all."""
    interrupted: bool = False
    """The run was interrupted, so that the score is incomplete."""
    faults: list[str] = field(default_factory=list)
    """Faults that belong to no test, for staff."""
    seconds: float = 0.0
    """Seconds that the run took."""
    notes: tuple[str, ...] = ()
    """Lines for the top of the report that change no points, such as the time of submission."""
    checklist: tuple[Item, ...] = ()
    """The checklist of things besides code that a submission should have. It changes no points."""
    _recorded: dict[str, Outcome] = field(default_factory=dict)

    def record(self, number: str, outcome: Outcome) -> None:
        """Record the result of a test. Its score is limited to the test's points."""
        points = next(test.points for test in self.tests if test.number == number)
        self._recorded[number] = replace(outcome, score=min(max(outcome.score, 0.0), points))

    def select(self, numbers: Iterable[str]) -> None:
        """Set the tests that this run consists of."""
        self.selected = frozenset(numbers)

    def outcome(self, test: GradedTest) -> Outcome:
        """The result of a test, which also depends on the tests that it needs."""
        own = self._recorded.get(test.number)
        if own is None:
            return UNFINISHED if self.is_selected(test) else NOT_SELECTED
        settled = own.state in (State.NOT_IMPLEMENTED, State.NOT_RUN) or own.fault
        if not settled and (needed := self.unmet_need(test)):
            return waiting_for(needed, own.seconds)
        if cause := self.nearer_cause(test):
            hint = f"look at {cause.number} first: what fails there may be the cause."
            return replace(own, hints=[*own.hints, hint])
        return own

    def nearer_cause(self, test: GradedTest) -> GradedTest | None:
        """The failed test that explains why this one failed, or None."""
        if not self._lost(test):
            return None
        for number in test.explained_by:
            other = next((one for one in self.tests if one.number == number), None)
            if other is not None and not other.hidden and self._lost(other) and not self._alike(test, other):
                return self.nearer_cause(other) or other
        return None

    def _alike(self, one: GradedTest, other: GradedTest) -> bool:
        """Whether two tests failed in the same way: at the same lines of the student, or with the same finding."""
        mine, theirs = self._recorded[one.number], self._recorded[other.number]
        return mine.finding == theirs.finding or bool(mine.location and mine.location == theirs.location)

    def _lost(self, test: GradedTest) -> bool:
        own = self._recorded.get(test.number)
        return own is not None and own.state in (State.FAILED, State.PARTIAL) and not own.fault

    def unmet_need(self, test: GradedTest) -> GradedTest | None:
        """The first test that this one needs and that earned no points, or None.

        A test without a result doesn't count, so that the order of tests changes no verdict. A fault doesn't count
        either.
        """
        for needed in (other for other in self.tests if other.number in test.needs):
            if needed.number in self._recorded:
                outcome = self.outcome(needed)
                if outcome.state not in (State.PASSED, State.PARTIAL) and not outcome.fault:
                    return self.unmet_need(needed) or needed  # what failed, not what was not run because of it
        return None

    def is_selected(self, test: GradedTest) -> bool:
        return self.selected is None or test.number in self.selected

    @property
    def results(self) -> tuple[tuple[GradedTest, Outcome], ...]:
        """Every test with its result."""
        return tuple((test, self.outcome(test)) for test in self.tests)

    @property
    def parts(self) -> tuple[PartScore, ...]:
        """The parts of the handout that have tests, in its order."""
        results: dict[str, list[tuple[GradedTest, Outcome]]] = {}
        for test, outcome in self.results:
            results.setdefault(test.part, []).append((test, outcome))
        return tuple(PartScore(part, tuple(results[part.number])) for part in problem().part if part.number in results)

    @property
    def score(self) -> float:
        return sum(outcome.score for _, outcome in self.results)

    @property
    def maximum(self) -> float:
        return sum(test.points for test in self.tests)

    @property
    def decided_later(self) -> float:
        """The points of tests that are hidden until later, or that a student's copy of the suites lacks."""
        elsewhere = problem().automatic - self.maximum if EDITION == "students" else 0.0
        return sum(test.points for test in self.tests if test.hidden) + max(elsewhere, 0.0)

    @property
    def undecided(self) -> float:
        """The points of tests in which the grader had a fault."""
        return sum(test.points for test, outcome in self.results if outcome.fault)


def not_graded(
    reason: str, notes: tuple[str, ...] = (), fault: str = "", submission: str = "submission", seed: int = 0
) -> Gradebook:
    """A gradebook in which nothing was graded, for one reason.

    Args:
        fault: the text of the fault, for staff.
    """
    gradebook = Gradebook(submission=submission, seed=seed, notes=(reason, *notes))
    for test in gradebook.tests:
        gradebook.record(test.number, Outcome(State.NOT_RUN, reason=Reason.NOT_GRADED, finding=reason, fault=fault))
    if fault:
        gradebook.faults.append(fault)
    return gradebook
