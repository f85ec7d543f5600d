"""A pytest plugin that turns a run of the suites into a gradebook.

These are the things that can go wrong, with their outcomes:

=====================================================  =================================================
a check fails                                          failed, with the check's finding and hint
student code raises, hangs, exits or crashes           failed, with the student's own lines
student code raises NotImplementedError itself         not implemented
what it returned breaks the test, which the solution   failed: it can't be used
passes with the same inputs
any other exception in a test, its set-up or clean-up  a fault of the grader: undecided, reported to staff
a suite can't be imported                              the same for each of its tests
pytest itself fails (an internal error)                the same for the run; what was graded stays
there are no results, or only the quick profile's      not implemented
a process that runs tests dies                         the same for the test that it was at
the run's deadline passes                              what is left is "not run: out of time"
the run is killed                                      what is written is valid; the rest is "not run"
=====================================================  =================================================

The process that collects the reports keeps the gradebook: the only process, the first of several
(:mod:`harness.forked_run`), or xdist's controller.
:mod:`harness.pytest_hooks` registers the plugin when pytest meets the first suite.

pytest doesn't rewrite this module's assertions (PYTEST_DONT_REWRITE), because a warm server has imported it before.
"""

from __future__ import annotations

import ctypes
import dataclasses
import hashlib
import inspect
import math
import random
import sys
import time
import traceback
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from rich.console import Console

from harness import ROOT
from harness.catalog import SUITES, GradedTest, read_suites
from harness.denormals import small_numbers_as_zero
from harness.gradebook import Gradebook, Outcome, State, waiting_for
from harness.host.failures import SandboxError, StudentError
from harness.host.launch import Launcher, make_launcher
from harness.host.proxies import Student, TimeBudget
from harness.outcomes import (
    FACTS,
    MEASUREMENTS,
    OUT_OF_TIME,
    PICTURES,
    CheckFailure,
    NotMade,
    NotRun,
    attach,
    fault_of_grader,
    forget_score,
    outcome_of,
    unusable,
    withheld,
)
from harness.problem import problem
from harness.reports import gradescope, terminal
from harness.reports.text import unwritable
from harness.second_run import run_again
from harness.submission.intake import Submission, SubmissionError, as_data, from_data, open_submission

__all__ = [
    "FORKED",
    "GRADING",
    "LAUNCHER",
    "NOTES",
    "STUDENT",
    "SUBMISSION",
    "Grading",
    "graded_test",
]

STUDENT_FOLDER = ROOT / "student"
SOLUTION_FOLDER = problem().solution


def graded_test(nodeid: str) -> GradedTest | None:
    """The graded test of a pytest node, or None if the node isn't a graded test."""
    path, _, function = nodeid.partition("::")
    if Path(path).parent.name != SUITES.name:
        return None
    for test in read_suites():
        if test.function == function and test.file == Path(path).name:
            return test
    return None


class Grading:
    """A pytest plugin for one grading run, or for the share of one that another process runs."""

    def __init__(self, config: pytest.Config) -> None:
        options = config.option
        self.config = config
        self.is_worker = hasattr(config, "workerinput")
        """True if this process runs a share of the tests, and another process writes the report."""
        self.submission = self._submission(config)
        if self.is_worker:
            seed = config.workerinput["harness_seed"]  # type: ignore[attr-defined]
        else:
            seed = options.seed if options.seed is not None else random.SystemRandom().randrange(2**53)
        name = options.submission_name or self.submission.name
        self.gradebook = Gradebook(
            submission=name,
            seed=seed,
            notes=(*config.stash.get(NOTES, ()), *self.submission.notes),
            checklist=self.submission.checklist,
        )
        self.results_json = Path(options.results_json).resolve() if options.results_json else None
        if self.results_json is not None and (problem := unwritable(self.results_json)):
            raise pytest.UsageError(problem)
        self.owns_launcher = LAUNCHER not in config.stash
        mode = "in-process" if options.in_process else options.sandbox
        self.launcher = make_launcher(mode) if self.owns_launcher else config.stash[LAUNCHER]
        if self.is_worker:
            ends = config.workerinput["harness_ends"]  # type: ignore[attr-defined]
        else:
            ends = time.monotonic() + (options.deadline or math.inf)
        self.time_budget = TimeBudget(ends)
        with ExitStack() as until_the_end:
            until_the_end.enter_context(small_numbers_as_zero())
            config.add_cleanup(until_the_end.pop_all().close)
        self.started = time.perf_counter()
        options.continue_on_collection_errors = True  # one suite that can't be imported doesn't stop the others
        self.write()

    def _submission(self, config: pytest.Config) -> Submission:
        """The submission: the one that the caller opened, or the named one, which is opened until the run ends."""
        if self.is_worker:
            return from_data(config.workerinput["harness_submission"])  # type: ignore[attr-defined]
        if SUBMISSION in config.stash:
            return config.stash[SUBMISSION]
        opened = ExitStack()
        config.add_cleanup(opened.close)
        try:
            return opened.enter_context(open_submission(Path(config.option.submission or STUDENT_FOLDER)))
        except SubmissionError as error:
            raise pytest.UsageError(str(error)) from None

    def start_early(self) -> None:
        """Start the sandbox while suites are imported, unless no test runs in this process."""
        if not self.config.option.collectonly and not self.config.stash.get(FORKED, False):
            self.launcher.start()

    def for_xdist_worker(self) -> dict[str, Any]:
        """What each xdist worker gets: the submission, the run's seed, and the run's deadline."""
        return {
            "harness_submission": as_data(self.submission),
            "harness_seed": self.gradebook.seed,
            "harness_ends": self.time_budget.ends,
        }

    def seed(self, *purpose: str) -> int:
        """A seed that depends on the run's seed and the purpose. It reveals neither of them."""
        text = ":".join([str(self.gradebook.seed), *purpose])
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6], "big")

    def rng(self, test: GradedTest) -> np.random.Generator:
        """The random numbers of a test. Student code can't reproduce them, since its worker has another seed."""
        return np.random.default_rng(self.seed(test.number, "inputs"))

    def student(self, test: GradedTest, folder: Path | None = None) -> Student:
        """The submission, or another folder, as a student object for one test."""
        folder = folder or self.submission.folder
        return Student(self.launcher, folder, test.part, self.seed(test.number, "worker"), self.time_budget)

    def record(self, test: GradedTest, outcome: Outcome) -> None:
        self.gradebook.record(test.number, outcome)
        self.write()

    def write(self) -> None:
        """Write the report after each test, so that a killed run leaves its results."""
        self.gradebook.seconds = time.perf_counter() - self.started
        if self.results_json is not None and not self.is_worker:
            gradescope.write(self.gradebook, self.results_json)

    # ---- which tests ----

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        if test := graded_test(item.nodeid):
            item.stash[TEST] = test

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._select([item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, node: Any, ids: Sequence[str]) -> None:
        self._select(ids)

    def _select(self, nodeids: Sequence[str]) -> None:
        tests = [test for nodeid in nodeids if (test := graded_test(nodeid))]
        if tests or not self.config.pluginmanager.hasplugin("dsession"):
            self.gradebook.select(test.number for test in tests)
            self.write()

    # ---- running ----

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        forget_score(item)  # it may have run before, for another submission
        try:
            return (yield)
        finally:
            _give_memory_back()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        test = item.stash.get(TEST, None)
        if test is not None and self.time_budget.is_over:
            raise NotRun(OUT_OF_TIME)
        needed = self.gradebook.unmet_need(test) if test is not None else None
        # The test itself runs into a stub, because "not implemented" says more than "not run".
        if needed is not None and self.gradebook.outcome(needed).state is not State.NOT_IMPLEMENTED:
            raise NotRun(waiting_for(needed))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        test = item.stash.get(TEST, None)
        if test is None or (call.excinfo is None and call.when != "call"):
            return report
        student = item.stash.get(STUDENT, None)
        error = call.excinfo.value if call.excinfo is not None else None
        failure = error if isinstance(error, StudentError) else None
        if student is not None:
            failure = (student.failure_of(error) if error is not None else None) or failure
            try:
                student.close()
            except SandboxError as fault:
                error, failure = fault, None
        if failure is None and error is not None and call.when == "call" and self._solution_passes(item, test, error):
            failure = unusable(error)
        if failure is not None and failure.failure.kind == "timeout" and self.time_budget.is_over:
            error, failure = NotRun(OUT_OF_TIME), None  # it might have been in time
        outcome = outcome_of(item, test, self.submission, error, failure)
        printed = student.printed if student is not None else ""
        failed = failure is not None or getattr(error, "cause", None) is not None
        if test.hidden and (failed or printed):
            outcome, printed = withheld(outcome, test, failed, printed), ""
        pictures, measurements = item.stash.get(PICTURES, []), item.stash.get(MEASUREMENTS, [])
        facts = item.stash.get(FACTS, [])
        outcome = dataclasses.replace(outcome, pictures=pictures, measurements=measurements, facts=facts)
        if error is not None and not self.config.option.usepdb:
            _forget_values(error)
        elif isinstance(error, CheckFailure) and isinstance(item, pytest.Function):
            _end_traceback_in(item.function, error)  # the debugger then stops where student code was called
        attach(report, dataclasses.replace(outcome, printed=printed, seconds=call.duration))
        return report

    def _solution_passes(self, item: pytest.Item, test: GradedTest, error: BaseException) -> bool:
        """Whether a broken test passes with the solution and the same inputs.

        If it passes, student code returned an unforeseen kind of value, and the grader has no fault. Failed checks,
        student errors and exceptions that end a run aren't tried again.
        """
        if not isinstance(error, Exception) or isinstance(error, AssertionError | SandboxError | NotRun | NotMade):
            return False
        if not isinstance(item, pytest.Function) or not SOLUTION_FOLDER.is_dir():
            return False
        student = self.student(test, SOLUTION_FOLDER)
        try:
            run_again(item, student, self.rng(test))
        except Exception:
            return False
        else:
            return True
        finally:
            student.close()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record the reports of this process or, in the first of several, of all."""
        test = graded_test(report.nodeid)
        if test is None:
            return
        if (grade := getattr(report, "grade", None)) is not None:
            self.record(test, msgspec.convert(grade, Outcome))
        elif report.failed:  # the process died
            self.record(test, fault_of_grader(str(report.longrepr)))

    # ---- faults that belong to no test ----

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            file = Path(report.nodeid.partition("::")[0]).name
            for test in self.gradebook.tests:
                if test.file == file:
                    self.record(test, fault_of_grader(str(report.longrepr)))

    def pytest_keyboard_interrupt(self) -> None:
        self.gradebook.interrupted = True
        self.write()

    def pytest_internalerror(self, excrepr: object) -> None:
        self.gradebook.faults.append(str(excrepr))
        self.write()

    # ---- what pytest prints ----

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(
        self, report: pytest.TestReport
    ) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
        grade = getattr(report, "grade", None)
        if grade is None or grade["fault"]:
            return None
        state = grade["state"]
        if state in (State.NOT_IMPLEMENTED.value, State.NOT_RUN.value):
            return state, "-", (state.upper(), {"yellow": True})
        if state == State.PARTIAL.value:
            return "failed", "P", ("PARTIAL", {"yellow": True})
        return None

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.config.option.collectonly or not self.gradebook.selected:
            return
        terminalreporter.section("score")
        writer = terminalreporter._tw
        width = min(writer.fullwidth, 110)
        console = Console(file=writer._file, width=width, force_terminal=writer.hasmarkup, highlight=False, emoji=False)
        console.print(terminal.render(self.gradebook))
        terminalreporter.write_line(f"The same inputs again: --seed {self.gradebook.seed}")

    def pytest_sessionfinish(self) -> None:
        self.write()
        if self.owns_launcher:
            self.launcher.stop()


GRADING = pytest.StashKey[Grading]()
LAUNCHER = pytest.StashKey[Launcher]()
"""A launcher that the caller sets before the run. The run doesn't stop it."""
FORKED = pytest.StashKey[bool]()
"""True if the tests run in processes that are forked from this one."""
SUBMISSION = pytest.StashKey[Submission]()
"""The submission that the caller sets before the run, instead of ``--submission``."""
NOTES = pytest.StashKey[tuple[str, ...]]()
"""Lines for the report that the caller sets before the run."""
TEST = pytest.StashKey[GradedTest]()
STUDENT = pytest.StashKey[Student]()


def _end_traceback_in(function: Callable[..., Any], error: BaseException) -> None:
    """Drop the frames below a function from a traceback; they are of the checks that the function calls."""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code is inspect.unwrap(function).__code__:
            trace.tb_next = None
        trace = trace.tb_next


def _forget_values(error: BaseException) -> None:
    """Clear the frames of an exception, which may hold large values from student code."""
    chain: list[BaseException] = []
    while error not in chain:
        chain.append(error)
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__ or error


def _give_memory_back() -> None:
    """Return freed memory to the system. glibc would keep it, and student code runs beside this process."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).malloc_trim(0)
