"""The command line: ``python -m grader grade PATH``.

Exit code 0: a submission was graded, whatever its score. Exit code 2: nothing could be graded, and one sentence says
why.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import Enum
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness import ROOT
from harness.base.process_pool import heed_stops
from harness.catalog import chosen, read_suites
from harness.console import Bar, isolation_notice, progress, say, show, stop, tell
from harness.gradebook import Gradebook
from harness.host.failures import SandboxError
from harness.new import EXAMPLE, NEXT, NewError
from harness.new import new as copy_example
from harness.part_checks import refuse_unknown, refuse_wrong_points
from harness.problem import problem
from harness.repeat import Repeat
from harness.reports import gradescope, terminal
from harness.reports.text import unwritable
from harness.submission.intake import Submission, SubmissionError, open_submission
from harness.submission.stage import stage

if TYPE_CHECKING:  # they import torch, and what can't be graded is to be said before that
    import pytest

    from harness.host.workers import Launcher

__all__ = ["app", "app_for"]


class Device(str, Enum):
    cpu = "cpu"
    cuda = "cuda"


class ProfileName(str, Enum):
    quick = "quick"
    full = "full"


STUDENT = ROOT / "student"

app = typer.Typer(
    help=f"Grade submissions of {problem().problem.name}.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.command()
def grade(  # noqa: PLR0913 (typer reads options from parameters)
    path: Annotated[Path, typer.Argument(help="A folder with the modules, a notebook, a zip, or a module.")],
    json: Annotated[Path | None, typer.Option(help="Write Gradescope's results.json to this file.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with all tests and pictures to this file.")] = None,
    part: Annotated[list[str] | None, typer.Option(help="Only this part: 2, 2.1 or 2.1d. May be repeated.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Show what each failed test says, not only the first.")] = False,
    seed: Annotated[int | None, typer.Option(min=0, help="Repeat the inputs of a run; reports name its seed.")] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, max=64, help="Processes at the same time. Default: 2 for all tests, else 1.")
    ] = None,
    in_process: Annotated[
        bool, typer.Option("--in-process", help="No worker processes: for debugging, without any protection.")
    ] = False,
    require_isolation: Annotated[
        bool, typer.Option("--require-isolation", help="Grade only if student code can't reach tests and reports.")
    ] = False,
    deadline: Annotated[
        float | None, typer.Option(min=1, help="Seconds for the run. Tests left then are skipped.")
    ] = None,
    device: Annotated[
        Device, typer.Option(help="cuda: run the tests of code on the GPU too, and list differences.")
    ] = Device.cpu,
    experiments: Annotated[
        ProfileName | None,
        typer.Option(help="Run the experiments again (quick or full) instead of grading submitted results."),
    ] = None,
    results: Annotated[
        Path | None, typer.Option(help="Folder for the results of --experiments. A later run continues in it.")
    ] = None,
    hours: Annotated[
        float, typer.Option(min=0.01, help="Hours after which --experiments end. Finished parts are graded.")
    ] = 24.0,
    cell: Annotated[Path | None, typer.Option(hidden=True, help="Write the output of a notebook's cell.")] = None,
) -> None:
    """Grade one submission and print the score table."""
    options = _Options(
        path,
        json=json,
        html=html,
        parts=tuple(part or ()),
        every=every,
        seed=seed,
        jobs=jobs,
        in_process=in_process,
        require_isolation=require_isolation,
        deadline=deadline,
        device=device,
        experiments=experiments,
        results=results,
        hours=hours,
        cell=cell,
    )
    _grade(options)


@dataclass(frozen=True)
class _Options:
    """The command line of ``grade``."""

    path: Path
    json: Path | None = None
    html: Path | None = None
    parts: tuple[str, ...] = ()
    every: bool = False
    seed: int | None = None
    jobs: int | None = None
    in_process: bool = False
    require_isolation: bool = False
    deadline: float | None = None
    device: Device = Device.cpu
    experiments: ProfileName | None = None
    results: Path | None = None
    hours: float = 24.0
    cell: Path | None = None

    @property
    def reports(self) -> tuple[Path, ...]:
        """The report files to write."""
        return tuple(file for file in (self.json, self.html) if file is not None)


def _grade(options: _Options) -> None:
    refuse_unknown(options.parts)
    refuse_wrong_points(options.parts)
    for file in options.reports:
        if reason := unwritable(file):
            stop(reason)
    if options.results is not None and options.experiments is None:
        stop("--results names a folder for --experiments: add --experiments, or leave out --results.")
    heed_stops()  # nothing is left behind, and the report says so
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal or file that can't show ✓
    jobs = options.jobs or _default_jobs(options.parts, options.in_process)
    launcher = None
    if options.require_isolation:
        launcher = _isolated_launcher(options.in_process)
        if jobs > 1:  # other processes, with launchers of their own
            launcher.stop()
            launcher = None
    if options.device is Device.cuda:
        from harness import gpu  # needs POSIX

        if reason := gpu.why_not(options.require_isolation):
            stop(reason)
        say(gpu.warning())
    gradebook = _graded(options, jobs, launcher)
    if launcher is not None:
        launcher.stop()
    _report(gradebook, options)
    if gradebook.interrupted:
        raise typer.Exit(130)
    if _nothing_graded(gradebook):
        stop("Nothing could be graded: the grader had a fault in every test. The lines above name the faults.")


def _graded(options: _Options, jobs: int, launcher: Launcher | None) -> Gradebook:
    """Open the submission, run its experiments if wanted, and grade it."""
    with ExitStack() as stack:
        submission = stack.enter_context(_opened(options.path))
        if options.experiments is not None:
            place = options.results or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="harness-")))
            submission = _with_new_results(submission, place, options.experiments.value, options)
        tests = chosen(read_suites(), options.parts)
        watch = _Watch(stack.enter_context(progress(len(tests), remaining=False)))
        from harness.grading import RunOptions  # imports torch
        from harness.grading import grade as run_suites

        gradebook = run_suites(
            submission,
            name=submission.name,
            parts=options.parts,
            seed=options.seed,
            results_json=options.json,
            launcher=launcher,
            watch=watch,
            options=RunOptions(jobs, options.in_process, deadline=options.deadline),
        )
        if options.device is Device.cuda and not gradebook.interrupted:
            from harness import gpu

            gradebook.notes += gpu.notes(gradebook, gpu.grade_there(submission, gradebook, options.parts))
            if options.json is not None:
                gradescope.write(gradebook, options.json)
    return gradebook


def _report(gradebook: Gradebook, options: _Options) -> None:
    """Print the table, and write the page."""
    repeat = Repeat(options.path, options.parts)
    show(terminal.render(gradebook, options.every, repeat))
    if options.html is not None:
        from harness.reports import html as page  # jinja2 and matplotlib are needed here alone

        page.write(gradebook, options.html)
    if options.cell is not None:
        from harness.reports import cell

        cell.write(gradebook, options.cell, repeat)
    for file in options.reports:
        tell(f"Report: {file}")
    tell(f"The same inputs again: {repeat.with_seed(gradebook.seed)}")


@app.command()
def check(
    parts: Annotated[list[str] | None, typer.Argument(help="Parts or tests: 2, 2.1 or 2.1d. Default: all.")] = None,
    submission: Annotated[Path, typer.Option(help="A folder with the modules, a notebook or a zip.")] = STUDENT,
    every: Annotated[bool, typer.Option("--all", help="Show what each failed test says, not only the first.")] = False,
    seed: Annotated[int | None, typer.Option(min=0, help="Repeat the inputs of a run; reports name its seed.")] = None,
) -> None:
    """Grade student/, or some of its parts, as often as you like."""
    _grade(_Options(submission, parts=tuple(parts or ()), every=every, seed=seed))


def _with_new_results(submission: Submission, place: Path, profile: str, options: _Options) -> Submission:
    """The submission with results that are made now, by running its experiments."""
    rerun = problem().own_module("rerun")  # the experiments' libraries are needed here alone
    if rerun is None:
        stop("This problem set has no experiments: leave out --experiments.")
    wanted = rerun.parts_with_results(options.parts)
    if not wanted:
        stop("No test of these parts looks at results: leave out --experiments, or name other parts.")
    try:
        return rerun.rerun(
            submission,
            place,
            profile=profile,
            parts=wanted,
            device=options.device.value,
            hours=options.hours,
            tell=say,
        )
    except rerun.RerunError as error:
        stop(str(error))


@app.command()
def unpack(
    path: Annotated[Path, typer.Argument(help="A folder with the modules, a notebook, a zip, or a module.")],
    out: Annotated[Path, typer.Option(help="A new folder, or one that this command has made before.")],
) -> None:
    """Write what a submission is graded as: the modules, results/ and answers.md."""
    if out.exists() and not (out / UNPACKED).is_file() and (not out.is_dir() or any(out.iterdir())):
        stop(f"{out} holds something else: name a new folder.")
    if not out.absolute().parent.is_dir() or not os.access(out.absolute().parent, os.W_OK):
        stop(f"{out} can't be written: you can't write to {out.absolute().parent}.")
    with _opened(path) as submission:
        if out.resolve() in (submission.folder, *submission.folder.parents):
            stop(f"{out} holds the submission itself: name a new folder.")
        with tempfile.TemporaryDirectory(dir=out.absolute().parent, prefix=f".{out.name}.") as place:
            made = Path(place) / "made"
            stage(submission.folder, made)
            (made / UNPACKED).write_text("Made by: python -m grader unpack\n", encoding="utf-8")
            if submission.answers:
                (made / "answers.md").write_text(submission.answers + "\n", encoding="utf-8")
            if submission.results is not None:
                _copy_results(submission.results, made / "results")
            if out.exists():
                out.rename(Path(place) / "old")
            made.rename(out)
    for note in submission.notes:
        tell(note)
    tell(f"{out}: {', '.join(sorted(file.name for file in out.iterdir() if file.name != UNPACKED))}")


def _copy_results(results: Path, folder: Path) -> None:
    """Copy results. Special files and unreadable files are skipped."""

    def others(place: str, names: list[str]) -> list[str]:
        paths = [Path(place) / name for name in names]
        return [
            path.name
            for path in paths
            if path.is_symlink() or not (path.is_file() or path.is_dir()) or not os.access(path, os.R_OK)
        ]

    shutil.copytree(results, folder, ignore=others)


UNPACKED = ".unpacked"
"""The file by which a folder of this command is recognised."""


@contextmanager
def _opened(path: Path) -> Iterator[Submission]:
    """Open a submission, or end the command with a sentence."""
    with ExitStack() as stack:
        try:
            submission = stack.enter_context(open_submission(path))
        except SubmissionError as error:
            stop(str(error))
        yield submission


@app.command()
def doctor() -> None:
    """Show what this machine puts between student code and the rest, by trying to get through.

    Exit code 1: student code could reach tests, reports or other processes here, or the self-check is broken.
    """
    from rich.table import Table

    from harness.host.launch import make_launcher
    from harness.isolation import self_check

    self_check.with_secret()
    launcher = make_launcher("auto")
    try:
        table = Table("Layer", "Here", title="Isolation of student code on this machine", title_justify="left")
        try:
            for name, state in self_check.layers(launcher):
                table.add_row(name, state)
        except SandboxError as fault:  # asking for the layers is what starts the sandbox
            stop(f"Nothing can be graded here: {fault}", code=1)
        show(table)
        table = Table("Student code tried to", "", "What happened", title_justify="left")
        found = self_check.check(launcher)
        marks = {"refused": "refused", "got through": "possible", "fault": "FAULT"}
        for one in found.findings:
            mark = "GOT THROUGH" if one.attempt in found.breaches else marks[one.outcome.value]
            table.add_row(one.attempt, mark, one.how)
        show(table)
    finally:
        launcher.stop()
    if notice := isolation_notice(found):
        stop(notice, code=1)
    tell("Isolated: student code reaches neither tests nor reports nor other processes.")


if EXAMPLE.is_dir():

    @app.command()
    def new(folder: Annotated[Path, typer.Argument(help="A folder that is empty, or not there yet.")]) -> None:
        """Begin another problem set: copy the small example, with the harness, into a folder."""
        try:
            copy_example(folder)
        except NewError as error:
            stop(str(error))
        tell(f"{folder} has a problem set that works. Go there, and try it:")
        show("\n".join(f"  {command}" for command in NEXT))
        tell("Begin with grader/problem.toml, which describes the problem set.")


OTHERS = {
    "watch": "harness.warm.watch",
    "validate": "harness.validation.cli",
    "mutants": "harness.validation.cli",
    "batch": "harness.classroom.cli",
    "late": "harness.classroom.commands",
    "canvas": "harness.classroom.commands",
    "publish": "harness.classroom.commands",
    "review": "harness.classroom.review.cli",
    "diff": "harness.classroom.diff",
}
"""The commands that other modules define. The copies for students and Gradescope don't have them."""


def app_for(command: str) -> typer.Typer:
    """The command line for one command. Other commands may need further or other libraries."""
    here = {one.callback.__name__ for one in app.registered_commands if one.callback is not None}
    if command not in here:
        for name, module in OTHERS.items():
            if (command == name or command not in OTHERS) and find_spec(module.rpartition(".")[0]) is not None:
                app.command(name)(getattr(import_module(module), name))
    return app


def _isolated_launcher(in_process: bool) -> Launcher:
    """A launcher whose isolation was checked; without isolation, the command ends."""
    from harness.host.launch import make_launcher
    from harness.isolation import self_check

    if in_process:
        stop(
            "Nothing was graded: student code is not isolated at all with --in-process. Leave that out, or "
            "--require-isolation."
        )
    self_check.with_secret()
    launcher = make_launcher("auto")
    if notice := isolation_notice(self_check.quick_check(launcher)):
        launcher.stop()
        stop(f"Nothing was graded, because --require-isolation was given. {notice}")
    return launcher


MANY = 40
"""The number of tests from which on a second process is worth it."""


def _default_jobs(parts: tuple[str, ...], in_process: bool) -> int:
    """The default number of processes.

    A second one imports everything again, so it needs many tests and a free core.
    """
    much = not parts and len(read_suites()) >= MANY
    return 2 if much and not in_process and (os.cpu_count() or 1) > 1 else 1


def _nothing_graded(gradebook: Gradebook) -> bool:
    return all(outcome.fault for test, outcome in gradebook.results if gradebook.is_selected(test))


class _Watch:
    """A pytest plugin that shows which test is running."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        from harness.plugin import graded_test

        if test := graded_test(nodeid):
            self._bar.show(f"{test.number}  {test.title}")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "teardown":
            self._bar.advance()
