"""Decide the outcome of one test from the exception that it raised.

The docstring of :mod:`harness.plugin` lists what can go wrong and the outcome of each case.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from harness.catalog import GradedTest
from harness.facts import Fact
from harness.failure import Failure
from harness.gradebook import Measurement, Outcome, Picture, Reason, State
from harness.host.failures import StudentError
from harness.reports.text import MAX_MESSAGE, body, cut
from harness.submission.intake import Submission

__all__ = [
    "FACTS",
    "MEASUREMENTS",
    "NOTE",
    "OUT_OF_TIME",
    "PICTURES",
    "CheckFailure",
    "NotMade",
    "NotRun",
    "attach",
    "fault_of_grader",
    "forget_score",
    "outcome_of",
    "score_kept",
    "unusable",
    "withheld",
]

NOTE = pytest.StashKey[str]()
"""The remark of a passed test."""
PICTURES = pytest.StashKey[list[Picture]]()
"""The pictures of a test, whether it passes or not."""
MEASUREMENTS = pytest.StashKey[list[Measurement]]()
FACTS = pytest.StashKey[list[Fact]]()


OUT_OF_TIME = Outcome(
    State.NOT_RUN,
    reason=Reason.OUT_OF_TIME,
    finding="Not run: out of time. Functions that never end, or take very long, used up the time for grading: the "
    "tests that called them name them.",
)


SAID_NOTHING = "Your code failed in this test. Its message is hidden, because this test's inputs are hidden."


class CheckFailure(AssertionError):
    """A check found a mistake in a student's value.

    Args:
        cause: the failed call, if a call failed.
    """

    def __init__(self, finding: str, hint: str = "", cause: StudentError | None = None) -> None:
        super().__init__(finding)
        self.finding = finding
        self.hint = hint
        self.cause = cause

    def __str__(self) -> str:
        return f"{self.finding}\nHint: {self.hint}" if self.hint else self.finding


class NotRun(Exception):
    """The test is skipped. The outcome says why."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.finding)
        self.outcome = outcome


class NotMade(Exception):
    """The results that a test checks don't exist yet. The text says how to make them.

    Args:
        quick: whether correct results exist, but from a profile that earns no points.
    """

    def __init__(self, finding: str, quick: bool = False) -> None:
        super().__init__(finding)
        self.reason = Reason.QUICK_RESULTS if quick else Reason.NO_RESULTS


def _functions(item: pytest.Item) -> list[Any]:
    """A test's function, and the functions that its decorators wrapped."""
    functions = []
    function = getattr(item, "function", None)
    while function is not None:
        functions.append(function)
        function = getattr(function, "__wrapped__", None)
    return functions


def forget_score(item: pytest.Item) -> None:
    """Forget the score and the leaderboard value that gradescope-utils left on a test's function."""
    for function in _functions(item):
        function.__dict__.pop("__score__", None)
        function.__dict__.pop("__leaderboard_value__", None)


@contextmanager
def score_kept(item: pytest.Item) -> Iterator[None]:
    """Restore a test's score and facts at the end of the context."""
    kept = [(function, dict(function.__dict__)) for function in _functions(item)]
    facts = list(item.stash.get(FACTS, ()))
    try:
        yield
    finally:
        item.stash.get(FACTS, [])[:] = facts
        for function, attributes in kept:
            function.__dict__.clear()
            function.__dict__.update(attributes)


def outcome_of(
    item: pytest.Item,
    test: GradedTest,
    submission: Submission,
    error: BaseException | None,
    failure: StudentError | None,
) -> Outcome:
    """The outcome of a test.

    ``error`` is the exception that it raised, and ``failure`` is student code's failed call in it.
    """
    # gradescope-utils' set_score and set_leaderboard_value store their values on the function
    kept = {key: value for function in _functions(item) for key, value in function.__dict__.items()}
    score, leaderboard = kept.get("__score__"), kept.get("__leaderboard_value__")
    if error is None:
        score = test.points if score is None else score
        state = State.PASSED if score >= test.points else State.PARTIAL if score > 0 else State.FAILED
        reason = None if state is State.PASSED else Reason.CHECK
        return Outcome(state, score, reason, item.stash.get(NOTE, ""), leaderboard=leaderboard)
    if failure is not None and failure.not_implemented and not score:
        return Outcome(State.NOT_IMPLEMENTED, reason=Reason.NOT_IMPLEMENTED, finding=cut(failure.finding, MAX_MESSAGE))
    if failure is not None or isinstance(error, AssertionError):
        return _lost(error, failure, score or 0.0, leaderboard, submission, test.part)
    if isinstance(error, NotRun):
        return error.outcome
    if isinstance(error, NotMade):
        return Outcome(State.NOT_IMPLEMENTED, reason=error.reason, finding=str(error))
    return fault_of_grader("".join(traceback.format_exception(error)[-12:]))


def _lost(
    error: BaseException,
    failure: StudentError | None,
    score: float,
    leaderboard: float | None,
    submission: Submission,
    part: str,
) -> Outcome:
    """The outcome of a test in which student code failed or a check found a mistake."""
    check = error if isinstance(error, CheckFailure) and failure is None else None
    cause = failure or (check.cause if check is not None else None)
    finding = failure.finding if failure is not None else check.finding if check is not None else str(error)
    hints = [check.hint] if check is not None and check.hint else []
    return Outcome(
        State.PARTIAL if score else State.FAILED,
        score,
        Reason.CHECK if failure is None else Reason(failure.failure.kind),
        cut(finding, MAX_MESSAGE).rstrip("\n"),
        submission.located(cause.failure.stack) if cause is not None else [],
        hints + submission.explanations(part, cause.failure if cause is not None else None),
        leaderboard=leaderboard,
    )


def withheld(outcome: Outcome, test: GradedTest, failed: bool, printed: str) -> Outcome:
    """The outcome of a hidden test without student code's text, which could reveal the test's inputs.

    Args:
        failed: whether student code itself failed, so that the outcome contains its text.
    """
    kept = body(outcome.message, printed)
    if outcome.state is State.NOT_IMPLEMENTED:
        outcome = replace(outcome, finding=f"Not implemented yet: Part {test.part}.")
    elif failed:
        outcome = replace(outcome, reason=Reason.WITHHELD, finding=SAID_NOTHING, location=[], hints=[])
    return replace(outcome, withheld=kept)


def unusable(error: BaseException) -> StudentError:
    """The outcome of a test that an unusable value from student code broke."""
    message = f"Your code returned a value that broke the test: {type(error).__name__}: {error}"
    return StudentError(Failure("unusable", "", cut(message, 500), []))


def fault_of_grader(reason: str) -> Outcome:
    finding = (
        "The grader itself had a fault in this test. It doesn't count against you: "
        "tell the course staff, who will grade it again."
    )
    return Outcome(State.NOT_RUN, reason=Reason.FAULT, finding=finding, fault=reason)


def attach(report: pytest.TestReport, outcome: Outcome) -> None:
    """Attach an outcome to a report of pytest: as data for the gradebook, and as text for pytest's own output."""
    report.grade = msgspec.to_builtins(outcome)  # type: ignore[attr-defined]
    if outcome.state is State.PASSED:
        return
    report.outcome = "failed"
    report.longrepr = body(outcome.fault or outcome.message or outcome.state.value, outcome.printed)
