"""The grader's own exam: grade submissions whose right grade is known, and say where the grader errs."""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from multiprocessing.util import Finalize
from pathlib import Path

from grader.catalog import read_suites
from grader.gradebook import Gradebook, Measurement, State
from grader.grading import grade
from grader.sandbox.launch import Launcher, make_launcher
from grader.validation.cases import Case, of_code

__all__ = ["SEED", "Task", "Verdict", "compare", "examine", "examine_all", "pool", "shared_launcher"]

SEED = 2420
"""of the inputs: a case whose mistake shows for most inputs, but not for all, has one verdict"""
MAXIMUM = sum(test.points for test in read_suites())


@dataclass(frozen=True)
class Verdict:
    """What the grader said of a case, and where that differs from what is known."""

    case: Case
    seed: int
    lost: dict[str, str]
    """the tests that were not passed, by number, with their messages"""
    not_run: frozenset[str]
    """those of them that were not run because another one failed first"""
    missed: list[str] = field(default_factory=list)
    """what it should have lost and didn't, or not with the message that it should"""
    false_alarms: list[str] = field(default_factory=list)
    """what it lost and shouldn't have"""
    faults: list[str] = field(default_factory=list)
    """where the grader itself broke"""
    seconds: float = 0.0
    measurements: dict[str, list[Measurement]] = field(default_factory=dict)
    """what tests measured beside a bound, by number"""

    @property
    def is_right(self) -> bool:
        return not (self.missed or self.false_alarms or self.faults)

    @property
    def catchers(self) -> frozenset[str]:
        """The tests that noticed that something is wrong."""
        return frozenset(self.lost) - self.not_run


@dataclass(frozen=True)
class Task:
    """A case to be graded with the inputs of a seed."""

    case: Case
    seed: int = SEED
    tests: tuple[str, ...] = ()
    """the numbers of the tests that are run; all tests of code of the case's part without one"""


def examine(task: Task, launcher: Launcher) -> Verdict:
    """Grade a case and compare."""
    case = task.case
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="pset2-case-") as place:
        submission = case.write(Path(place) / "submission")
        gradebook = grade(submission, parts=task.tests or of_code(case.part), seed=task.seed, launcher=launcher)
    return compare(task, gradebook, time.perf_counter() - started)


def compare(task: Task, gradebook: Gradebook, seconds: float = 0.0) -> Verdict:
    """What a gradebook has against what is known of the case."""
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
        faults=[f"{number}: {outcome.fault[-1000:]}" for number, outcome in lost.items() if outcome.fault],
        seconds=seconds,
        measurements={test.number: outcome.measurements for test, outcome in gradebook.results if outcome.measurements},
    )
    verdict.faults.extend(gradebook.faults)
    if gradebook.maximum != MAXIMUM:
        verdict.faults.append(f"the maximum is {gradebook.maximum:g} and not {MAXIMUM:g}")
    for number, symptom in case.loses.items():
        if number not in graded:
            continue
        if number not in lost:
            verdict.missed.append(f"{number} was passed")
        elif number not in verdict.not_run and symptom not in lost[number].message:
            verdict.missed.append(f'{number} does not say "{symptom}" but: {lost[number].message}')
    verdict.false_alarms.extend(
        f"{number}: {outcome.message}"
        for number, outcome in lost.items()
        if number not in case.loses and number not in case.may_lose and not outcome.fault
    )
    return verdict


# ---- many of them --------------------------------------------------------------------------------------------


@cache
def shared_launcher() -> Launcher:
    """The launcher of a process of the pool: one for all that it grades, until the process ends."""
    launcher = make_launcher("auto")
    Finalize(None, launcher.stop, exitpriority=10)
    return launcher


@contextmanager
def pool(jobs: int | None = None) -> Iterator[ProcessPoolExecutor]:
    """Processes that grade: as many as there are cores, if not told otherwise."""
    # Not forked: this process may have threads, and those of the pool start some.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs or os.cpu_count() or 1, mp_context=context) as executor:
        try:
            yield executor
        finally:
            executor.shutdown(cancel_futures=True)


def _examine_in_pool(task: Task) -> Verdict:
    return examine(task, shared_launcher())


def examine_all(tasks: Sequence[Task], jobs: int | None = None) -> Iterator[Verdict]:
    """Grade in several processes; verdicts come as they are there.

    Raises:
        BrokenExecutor: a process died, as it may where memory runs out.
    """
    with pool(jobs) as processes:
        futures = [processes.submit(_examine_in_pool, task) for task in slowest_first(tasks)]
        for future in as_completed(futures):
            yield future.result()


def slowest_first(tasks: Iterable[Task]) -> list[Task]:
    """All parts, then what may wait for endless loops, then the transformers: no process ends long after the others."""

    def key(task: Task) -> tuple[bool, bool, bool]:
        return (task.case.part != "", task.case.kind != "broken", task.case.part != "5")

    return sorted(tasks, key=key)
