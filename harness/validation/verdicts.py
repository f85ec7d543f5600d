"""Grade submissions whose correct grade is known, and find the grader's errors."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import pytest

from harness.base.process_pool import interruptible, pool
from harness.catalog import all_points
from harness.checks import tolerances_kept
from harness.gradebook import Gradebook, Measurement, State
from harness.grading import grade
from harness.host.launch import Launcher, shared_launcher
from harness.isolation.limits import Limits
from harness.plugin import STUDENT, graded_test
from harness.problem import problem
from harness.validation.cases import SOLUTION, Case, of_code
from harness.validation.impact import Uses, affected

__all__ = ["SEED", "Error", "Task", "Verdict", "compare", "grade_case", "grade_cases", "slowest_first"]

SEED = 2420
"""The seed of the inputs. It is fixed, so that a mistake that shows for most inputs only always has the same verdict.
"""
SHORT = Limits(call_seconds=1.0, test_seconds=4.0)
"""The limits for broken submissions, some of which wait in every test."""


@dataclass(frozen=True)
class Error:
    """An error of the grader about a case."""

    kind: Literal["missed", "false alarm", "fault"]
    number: str
    """The number of the test; empty if the error concerns the whole run."""
    text: str


@dataclass(frozen=True)
class Verdict:
    """The grader's outcome for a case, and its differences from the known grade."""

    case: Case
    seed: int
    lost: dict[str, str]
    """The numbers of the failed tests, with their messages."""
    not_run: frozenset[str]
    """The numbers of the tests in ``lost`` that were skipped because another test failed."""
    errors: list[Error] = field(default_factory=list)
    """The errors of the grader: it missed something, raised a false alarm, or broke."""
    seconds: float = 0.0
    measurements: dict[str, list[Measurement]] = field(default_factory=dict)
    """The values that tests measured beside a bound, by number."""
    uses: dict[str, frozenset[str]] = field(default_factory=dict)
    """The names of the submission that each test used, by the test's number."""
    shares: dict[str, dict[str, float]] = field(default_factory=dict)
    """The shares of their tolerances that values used, by test and by what was compared."""
    nothing_graded: bool = False
    """The grader had a fault in every test, for example because the sandbox can't start."""

    @property
    def is_right(self) -> bool:
        return not self.errors

    def error(self, kind: str, number: str) -> Error | None:
        """The first error of a kind in a test, or None."""
        return next((one for one in self.errors if (one.kind, one.number) == (kind, number)), None)

    @property
    def catchers(self) -> frozenset[str]:
        """The tests that caught the case."""
        return frozenset(self.lost) - self.not_run


@dataclass(frozen=True)
class Task:
    """A case to grade, with the seed of its inputs."""

    case: Case
    seed: int = SEED
    tests: tuple[str, ...] = ()
    """The numbers of the tests to run. If empty, all code tests of the case's part are run."""


def grade_case(task: Task, launcher: Launcher) -> Verdict:
    """Grade a case, and compare the outcome with the known grade."""
    case = task.case
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="harness-case-") as place:
        submission = case.write(Path(place) / "submission")
        numbers, watch = task.tests or of_code(case.part), _Watch()
        gradebook = grade(submission, parts=numbers, seed=task.seed, launcher=launcher, watch=watch)
    verdict = compare(task, gradebook, time.perf_counter() - started)
    verdict.uses.update(watch.names)
    verdict.shares.update(watch.shares)
    return verdict


class _Watch:
    """A pytest plugin that records the names that each test uses, and the shares of its tolerances."""

    def __init__(self) -> None:
        self.names: dict[str, frozenset[str]] = {}
        self.shares: dict[str, dict[str, float]] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        with tolerances_kept() as shares:
            result = yield
        if shares and (test := graded_test(item.nodeid)):
            self.shares[test.number] = shares
        return result

    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        if test := graded_test(item.nodeid):
            student = item.stash.get(STUDENT, None)
            self.names[test.number] = frozenset(student.asked if student is not None else ())


def compare(task: Task, gradebook: Gradebook, seconds: float = 0.0) -> Verdict:
    """Compare a gradebook with the known grade of the case."""
    case = task.case
    graded = task.tests or of_code(case.part)
    lost = {
        test.number: outcome
        for test, outcome in gradebook.results
        if test.number in graded and outcome.state is not State.PASSED
    }
    verdict = Verdict(
        case,
        task.seed,
        {number: outcome.message for number, outcome in lost.items()},
        frozenset(number for number, outcome in lost.items() if outcome.state is State.NOT_RUN),
        seconds=seconds,
        measurements={test.number: outcome.measurements for test, outcome in gradebook.results if outcome.measurements},
        nothing_graded=len(lost) == len(graded) and all(outcome.fault for outcome in lost.values()),
    )
    errors = verdict.errors
    for number, symptom in case.loses.items():
        if number not in graded:
            continue
        if number not in lost:
            errors.append(Error("missed", number, f"{number} was passed"))
        elif number not in verdict.not_run and symptom not in lost[number].message:
            errors.append(Error("missed", number, f'{number} does not say "{symptom}" but: {lost[number].message}'))
    for number, outcome in lost.items():
        if outcome.fault:
            errors.append(Error("fault", number, f"{number}: {outcome.fault[-1000:]}"))
        elif number not in case.loses and number not in case.may_lose:
            errors.append(Error("false alarm", number, f"{number}: {outcome.message}"))
    errors += [Error("fault", "", fault) for fault in gradebook.faults]
    if gradebook.maximum != (maximum := all_points()):
        errors.append(Error("fault", "", f"the maximum is {gradebook.maximum:g} and not {maximum:g}"))
    return verdict


# ---- many of them --------------------------------------------------------------------------------------------


def _grade_in_pool(task: Task) -> Verdict:
    with interruptible():
        limits = SHORT if task.case.kind == "broken" else None
        return grade_case(task, shared_launcher(limits, problem().named(task.case.module).own_server))


def grade_cases(tasks: Sequence[Task], jobs: int | None = None, thorough: bool = True) -> Iterator[Verdict]:
    """Grade in several processes in the order of the tasks, and yield verdicts as they finish.

    Args:
        thorough: run all tests of a case's part. Otherwise, if the solution is among the tasks, it is graded first, and
            each case is graded only by tests whose verdict it can change: see impact.py.

    Raises:
        BrokenExecutor: a process died, for example because memory ran out.
    """
    with pool(jobs) as processes:
        first = [] if thorough else _first_solutions(tasks)
        uses: dict[str, frozenset[str]] = {}
        for verdict in processes.map(_grade_in_pool, first):
            uses.update(verdict.uses if verdict.is_right else {})
            yield verdict
        rest = [task if thorough or _is_solution(task.case) else _shortened(task, uses) for task in tasks]
        futures = [processes.submit(_grade_in_pool, task) for task in rest if task not in first]
        for future in as_completed(futures):
            yield future.result()


def _first_solutions(tasks: Iterable[Task]) -> list[Task]:
    """The first task of each part that grades the solution as it is."""
    found: dict[str, Task] = {}
    for task in tasks:
        if _is_solution(task.case):
            found.setdefault(task.case.part, task)
    return list(found.values())


def _is_solution(case: Case) -> bool:
    return case.base == SOLUTION and not case.text


def _shortened(task: Task, uses: Uses) -> Task:
    """The task, limited to the tests that its case can change or is expected to lose."""
    case = task.case
    wanted = {*affected(case, uses), *case.loses, *case.may_lose}
    return replace(task, tests=tuple(test for test in task.tests or of_code(case.part) if test in wanted))


def slowest_first(cases: Iterable[Case]) -> list[Case]:
    """Sort cases: first those that may loop without end, then by module in the manifest's order."""
    order = problem().slowest_first or tuple(problem().modules.values())

    def key(case: Case) -> tuple[bool, int]:
        return case.kind != "broken", order.index(case.module)

    return sorted(cases, key=key)
