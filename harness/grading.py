"""Grade one submission: the suites' pytest run, as a function."""

from __future__ import annotations

import gc
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness import ROOT
from harness.catalog import SUITES, chosen, read_suites
from harness.gradebook import Gradebook
from harness.host.launch import Launcher
from harness.host.server_process import template
from harness.non_empty import at_least_one
from harness.plugin import GRADING, LAUNCHER, NOTES, SUBMISSION
from harness.submission.intake import Submission, find

if TYPE_CHECKING:
    from harness.forked_run import ForkedRun

__all__ = ["PLUGINS", "RunOptions", "grade"]

PLUGINS = ("--disable-plugin-autoload", "-p", "pytest_timeout")
"""The plugins that a run needs, without others that happen to be installed. Those may reorder tests or warn, and
finding them takes a fifth of an empty run's time.
"""


class _Observer:
    """A pytest plugin that gives the run its submission and launcher, and keeps the gradebook."""

    def __init__(self, submission: Submission, launcher: Launcher | None, notes: tuple[str, ...]) -> None:
        self.submission = submission
        self.launcher = launcher
        self.notes = notes
        self.config: pytest.Config | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        self.config = config
        config.option.tbstyle = "native"  # nobody reads it, and pytest's own takes 30 ms a failed test
        config.stash[NOTES] = self.notes
        config.stash[SUBMISSION] = self.submission
        if self.launcher is not None:
            config.stash[LAUNCHER] = self.launcher

    def pytest_collection_finish(self) -> None:
        gc.enable()  # harness/start.py has switched it off


@dataclass(frozen=True)
class RunOptions:
    """The conditions of a run that most runs leave as they are."""

    jobs: int = 1
    """The number of processes that grade at the same time."""
    in_process: bool = False
    """Student code runs in the grader's own process, without any protection."""
    sandbox: str = "auto"
    """The kind of the sandbox, as :func:`harness.host.launch.make_launcher` knows them."""
    deadline: float | None = None
    """Seconds after which the tests that are left are skipped."""
    notes: tuple[str, ...] = ()
    """Lines for the report that change no point."""


USUAL = RunOptions()


def grade(
    submission: Submission | Path,
    *,
    name: str | None = None,
    parts: tuple[str, ...] = (),
    seed: int | None = None,
    results_json: Path | None = None,
    launcher: Launcher | None = None,
    watch: object | None = None,
    options: RunOptions = USUAL,
) -> Gradebook:
    """Run the suites on a submission.

    Args:
        submission: an opened submission (:func:`harness.submission.intake.open_submission`), or a folder with the
            modules.
        name: the name in reports; by default the folder's name.
        parts: run only these tests, and the tests of these parts: ``"2"``, ``"2.1"`` or ``"2.1d"``.
        launcher: a launcher to use and leave running, for many gradings in a row.
        watch: a further pytest plugin, for example one that shows progress.

    Raises:
        NothingFoundError: no test belongs to any of ``parts``.
    """
    for one in parts:
        at_least_one(chosen(read_suites(), [one]), f"A test of part {one}", "correct the number")
    if isinstance(submission, Path):
        submission = find(submission)
    tests = chosen(read_suites(), parts)
    files = dict.fromkeys(test.file for test in tests)
    forked_run = _forked_run(options, watch)
    arguments = [
        *PLUGINS,
        *("-p", "no:terminal", "-p", "no:cacheprovider", "-p", "no:logging"),
        *("-p", "no:unraisableexception"),  # collects garbage again and again at the end, a fifth of a short run
        *("-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT)),
        *(f"--submission={submission.folder}", f"--sandbox={options.sandbox}"),
        *([f"--submission-name={name}"] if name else []),
        *(["--in-process"] if options.in_process else []),
        *(["--seed", str(seed)] if seed is not None else []),
        *_for_processes(options.jobs, forked_run),
        *([f"--results-json={results_json}"] if results_json else []),
        *(["--deadline", str(options.deadline)] if options.deadline is not None else []),
    ]
    if parts:
        arguments += [f"{SUITES / test.file}::{test.function}" for test in tests]
    else:
        arguments += [str(SUITES / file) for file in files]
    observer = _Observer(submission, launcher, options.notes)
    with ExitStack() as until_the_end:
        plugins = [observer, *([watch] if watch else [])]
        if forked_run is not None:
            plugins.append(forked_run)
            if options.sandbox != "spawn" and not options.in_process:
                until_the_end.enter_context(template())
        code = pytest.main(arguments, plugins=plugins)
    if observer.config is None or GRADING not in observer.config.stash:
        raise RuntimeError(f"pytest ended with {code!r} before anything was graded")
    gradebook = observer.config.stash[GRADING].gradebook
    gradebook.interrupted = code == pytest.ExitCode.INTERRUPTED
    return gradebook


def _for_processes(jobs: int, forked_run: ForkedRun | None) -> list[str]:
    """The arguments of pytest for several processes."""
    if forked_run is not None:
        return ["--capture=sys"]  # otherwise all processes would write into one file
    # Each process begins with neighbouring tests, which share what their part has to load. (xdist's ``loadfile`` would
    # keep them together, but it waits for ever if a process dies.)
    return ["-p", "xdist.plugin", "-n", str(jobs), "--dist", "worksteal"] if jobs > 1 else []


def _forked_run(options: RunOptions, watch: object | None) -> ForkedRun | None:
    """The plugin for several forked processes; None for one process, or where xdist has to start others."""
    if options.jobs == 1 or sys.platform != "linux":
        return None
    from harness.forked_run import ForkedRun, can_fork  # needs Linux

    return ForkedRun(options.jobs, watch) if can_fork() else None
