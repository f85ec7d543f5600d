"""What a test came to, told from what came out of it.

``plugin`` says what can go wrong and what becomes of it; here is where that is decided for one test.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest

from harness.catalog import GradedTest
from harness.gradebook import FAULT_MESSAGE, Measurement, Outcome, Picture, State
from harness.host.failures import StudentError
from harness.protocol import Failure
from harness.reports.text import body, cut

__all__ = [
    "MEASUREMENTS",
    "NOTE",
    "PICTURES",
    "NotMade",
    "NotRun",
    "attach",
    "fault_of_grader",
    "forget_score",
    "outcome_of",
    "score_kept",
    "unusable",
]

NOTE = pytest.StashKey[str]()
"""what a test says about a pass"""
PICTURES = pytest.StashKey[list[Picture]]()
"""what a test shows, whether it passes or not"""
MEASUREMENTS = pytest.StashKey[list[Measurement]]()


class NotRun(Exception):
    """A test that is not run; the text says why."""


class NotMade(Exception):
    """What a test looks at was not made yet; the text says what makes it."""


def _functions(item: pytest.Item) -> list[Any]:
    """A test's function with those that its decorators wrapped."""
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
    """Whatever score a test's function is given inside, it has its own again afterwards."""
    kept = [(function, dict(function.__dict__)) for function in _functions(item)]
    try:
        yield
    finally:
        for function, attributes in kept:
            function.__dict__.clear()
            function.__dict__.update(attributes)


def outcome_of(
    item: pytest.Item, test: GradedTest, error: BaseException | None, failure: StudentError | None
) -> Outcome:
    """What a test came to: ``error`` is what came out of it, ``failure`` the student's share in that."""
    # gradescope-utils' set_score and set_leaderboard_value leave their values on the function
    kept = {key: value for function in _functions(item) for key, value in function.__dict__.items()}
    score, leaderboard = kept.get("__score__"), kept.get("__leaderboard_value__")
    if error is None:
        score = test.points if score is None else score
        state = State.PASSED if score >= test.points else State.PARTIAL if score > 0 else State.FAILED
        return Outcome(state, score, item.stash.get(NOTE, ""), leaderboard=leaderboard)
    if failure is not None and failure.not_implemented and not score:
        return Outcome(State.NOT_IMPLEMENTED, message=str(failure))
    if failure is not None or isinstance(error, AssertionError):
        state = State.PARTIAL if score else State.FAILED
        return Outcome(state, score or 0.0, str(failure or error), leaderboard=leaderboard)
    if isinstance(error, NotRun):
        return Outcome(State.NOT_RUN, message=str(error))
    if isinstance(error, NotMade):
        return Outcome(State.NOT_IMPLEMENTED, message=str(error))
    return fault_of_grader("".join(traceback.format_exception(error)[-12:]))


def unusable(error: BaseException) -> StudentError:
    """What student code returned broke the test."""
    message = f"What your code returned can't be used: {type(error).__name__}: {error}"
    return StudentError(Failure("died", "", cut(message, 500), []))


def fault_of_grader(reason: str) -> Outcome:
    return Outcome(State.NOT_RUN, message=FAULT_MESSAGE, fault=reason)


def attach(report: pytest.TestReport, outcome: Outcome) -> None:
    """Put an outcome into a report: as data for the controller, as text for pytest's own output."""
    report.grade = msgspec.to_builtins(outcome)  # type: ignore[attr-defined]
    if outcome.state is State.PASSED:
        return
    report.outcome = "failed"
    report.longrepr = body(outcome.fault or outcome.message or outcome.state.value, outcome.printed)
