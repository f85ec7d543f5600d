"""The command line: ``python -m grader grade PATH``.

Exit codes: 0, a submission was graded, whatever its score; 2, nothing could be graded, and one sentence says why.
"""

from __future__ import annotations

import io
import os
import re
import signal
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import pytest
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from grader.catalog import read_suites
from grader.gradebook import Gradebook
from grader.grading import grade as run_suites
from grader.plugin import graded_test
from grader.reports import terminal
from grader.reports.text import unwritable
from grader.submission.intake import SubmissionError, find

__all__ = ["app"]

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def main() -> None:
    """Grade submissions of CS 2420's PSet 2."""


@app.command()
def grade(
    path: Annotated[Path, typer.Argument(help="A folder with the six modules, or with a student/ in it.")],
    json: Annotated[Path | None, typer.Option(help="Write Gradescope's results.json to this file.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with all tests and pictures to this file.")] = None,
    part: Annotated[list[str] | None, typer.Option(help="Only this part: 2, 2.1 or 2.1d. May be repeated.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Repeat the inputs of a run; reports name its seed.")] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, max=64, help="Processes at the same time: 2 for all, else 1.")
    ] = None,
    in_process: Annotated[
        bool, typer.Option("--in-process", help="No worker processes: for debugging, without any protection.")
    ] = False,
) -> None:
    """Grade one submission and print the score table."""
    parts = tuple(part or ())
    try:
        submission = find(path)
    except SubmissionError as error:
        _stop(str(error))
    for name in parts:
        if not re.fullmatch(r"\d(\.\d([a-z])?)?", name) or not _numbers(name):
            known = ", ".join(dict.fromkeys(test.part for test in read_suites()))
            _stop(f"There is no test of part {name}: choose one of {known}.")
    for file in (json, html):
        if file is not None and (problem := unwritable(file)):
            _stop(problem)
    for stop in ("SIGTERM", "SIGHUP"):  # as Ctrl-C: nothing is left behind, and the report says so
        if hasattr(signal, stop):
            signal.signal(getattr(signal, stop), signal.default_int_handler)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal or file that can't show ✓
    console = Console(highlight=False, markup=False)
    with _Progress(len({number for name in parts or ("",) for number in _numbers(name)})) as watch:
        gradebook = run_suites(
            submission.folder,
            name=submission.name,
            parts=parts,
            seed=seed,
            jobs=jobs or _default_jobs(parts, in_process),
            in_process=in_process,
            results_json=json,
            watch=watch,
        )
    console.print(terminal.render(gradebook))
    if html is not None:
        from grader.reports import html as page  # jinja2 and matplotlib are needed here alone

        page.write(gradebook, html)
    for file in (json, html):
        if file is not None:
            console.print(f"Report: {file}", soft_wrap=True)
    console.print(f"Seed {gradebook.seed}: --seed repeats the inputs of this run.")
    if gradebook.interrupted:
        raise typer.Exit(130)
    if _nothing_graded(gradebook):
        _stop("Nothing could be graded: the grader had a fault in every test. The lines above say which.")


def _default_jobs(parts: tuple[str, ...], in_process: bool) -> int:
    """A second process imports everything once more: that pays where much is graded and a core is free for it."""
    return 2 if not parts and not in_process and (os.cpu_count() or 1) > 1 else 1


def _numbers(prefix: str) -> list[str]:
    return [test.number for test in read_suites() if test.number.startswith(prefix)]


def _nothing_graded(gradebook: Gradebook) -> bool:
    return all(outcome.fault for test, outcome in gradebook.results if gradebook.is_selected(test))


def _stop(sentence: str) -> NoReturn:
    Console(stderr=True, highlight=False).print(sentence, soft_wrap=True, markup=False)
    raise typer.Exit(2)


class _Progress:
    """A bar on standard error while tests run; nothing where that is no terminal."""

    def __init__(self, total: int) -> None:
        self._bar = Progress(
            BarColumn(20),
            MofNCompleteColumn(),
            TextColumn("{task.description}", markup=False),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("getting ready", total=total)

    def __enter__(self) -> _Progress:
        if self._bar.console.is_terminal:
            self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar.live.is_started:
            self._bar.stop()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        if test := graded_test(nodeid):
            self._bar.update(self._task, description=f"{test.number}  {test.title}"[:70])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown":
            self._bar.advance(self._task)
