"""``python -m grader validate``: grade submissions whose right grade is known."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence, Sized
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from harness.base.process_pool import heed_stops
from harness.catalog import read_suites
from harness.console import progress, show, stop, tell
from harness.host.failures import SandboxError
from harness.numbers import chapter_of
from harness.part_checks import refuse_wrong_points
from harness.problem import ProblemError, problem
from harness.reports.text import last_line, unwritable, write_atomically
from harness.submission.required_names import MODULES
from harness.validation import tables
from harness.validation.cases import Case, CaseError, of_code, read_cases, solution_and_stubs
from harness.validation.verdicts import SEED, Task, Verdict, grade_cases, slowest_first

__all__ = ["mutants", "validate"]

SECONDS_BETWEEN_LINES = 60.0
"""The time between two lines of a log, which has no bar."""


def validate(  # noqa: PLR0913 (typer reads options from parameters)
    cases: Annotated[list[str] | None, typer.Argument(help="Names of cases, which are files. Default: all.")] = None,
    part: Annotated[list[str] | None, typer.Option(help="Only this part: 2 or 2.3. May be repeated.")] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, max=64, help="Processes at the same time. Default: one more than cores.")
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with tests and cases to this file.")] = None,
    detail: Annotated[bool, typer.Option("--detail", help="Show which cases each test catches.")] = False,
    messages: Annotated[
        bool, typer.Option("--messages", help="Print the messages that each wrong submission gets.")
    ] = False,
    repeat: Annotated[
        int | None, typer.Option(min=1, help="Grade the right submissions this many times, each time with a new seed.")
    ] = None,
    calibrate: Annotated[
        int | None, typer.Option(min=1, help="Measure bounds on the solution this many times, each with a new seed.")
    ] = None,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Also run the tests whose result a case can't change.")
    ] = False,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of the inputs. With --repeat, the seeds are drawn from it.")
    ] = None,
) -> None:
    """Grade submissions whose right grade is known, and say where the grader errs.

    Exit code 1: it errs somewhere; 130: it was interrupted, and says what it had found by then.
    """
    heed_stops()
    if html is not None and (reason := unwritable(html)):
        stop(reason)
    draw = random.Random(seed)
    try:
        chosen = _chosen(cases or [], part or [])
    except CaseError as error:
        stop(str(error))
    refuse_wrong_points(part or [])
    left_out = [task.case for task in chosen if not all(map(find_spec, task.case.requires))]
    chosen = [task for task in chosen if task.case not in left_out]
    if calibrate:
        _calibrate(chosen, [draw.randrange(2**53) for _ in range(calibrate)], jobs)
        return
    if repeat:
        right = [task for task in chosen if task.case.kind == "right"]
        tasks = [replace(task, seed=draw.randrange(2**53)) for _ in range(repeat) for task in right]
    else:
        tasks = [replace(task, seed=SEED if seed is None else seed) for task in chosen]
    if not tasks:
        stop(f"Nothing was graded: {_why_none(left_out, bool(repeat))}.")
    started = time.monotonic()
    verdicts = _graded(tasks, jobs, thorough)
    seconds = time.monotonic() - started
    if len(verdicts) > 1 or messages or detail:  # else it ends the same screen
        tell(tables.closing(verdicts))
        show()
    if messages:
        for text in tables.messages(verdicts):
            show(text)
        show()
    show(tables.repeated(verdicts) if repeat else tables.render(verdicts))
    show()
    if detail and (by_test := tables.by_test(verdicts, read_cases())).row_count:
        show(by_test)
        show()
    for case in left_out:
        tell(f"{case.id} was left out: it needs {', '.join(case.requires)}, not installed here.")
    if html is not None:
        from harness.validation import matrix  # jinja2 is needed here alone

        matrix.write(verdicts, html)
        tell(f"Page: {html}")
    tell(f"Time: {seconds:.0f} s.{'' if detail or repeat else ' --detail shows which cases each test catches.'}")
    tell(tables.closing(verdicts))
    _all_of(tasks, verdicts)
    if not all(verdict.is_right for verdict in verdicts):
        raise typer.Exit(1)


def _calibrate(chosen: Sequence[Task], seeds: Sequence[int], jobs: int | None) -> None:
    """Show how far the solution's measurements are from their bounds."""
    once = [task for task in chosen if task.case.name.startswith("solution_")]
    if not once:
        name = f"solution_{next(iter(MODULES.values()))}"
        stop(f"Bounds are calibrated on the solution: name no case, or one of {name} and so on.")
    measured = [(verdict.case, tuple(verdict.measurements)) for verdict in _all_of(once, _graded(once, jobs))]
    tasks = [Task(case, one, tests) for one in seeds for case, tests in measured if tests]
    if not tasks:
        stop("Nothing was measured: no test of these cases has a bound. Name other cases, or none.")
    verdicts = _graded(tasks, jobs)
    show(tables.calibration(verdicts))
    _all_of(tasks, verdicts)


def mutants(
    part: Annotated[list[str] | None, typer.Option(help="Only the solution of this part: 2. May be repeated.")] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, max=64, help="Processes at the same time. Default: one more than cores.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Write the report to this file, as Markdown.")] = None,
) -> None:
    """Change the solution in small ways by mutation engines, and list what the suites don't notice.

    Exit code 1: something survived that is not known to be equivalent, or what is known is not made any more.
    """
    from harness.validation import mutants as testing
    from harness.validation import mutation_report

    heed_stops()
    known = _known_parts(part or [])
    if report is not None and (reason := unwritable(report)):
        stop(reason)
    try:
        found = [mutant for one in known for mutant in testing.mutants_of(MODULES[one])]
    except ImportError as error:
        stop(f"The engines are not installed ({error}): run pip install -e '.[dev]'.")
    except ProblemError as error:
        stop(str(error))
    if empty := [MODULES[one] for one in known if MODULES[one] not in {mutant.module for mutant in found}]:
        stop(f"Nothing was tried: the engines made no mutant of {', '.join(empty)}. Look at their versions.")
    started = time.monotonic()
    results: list[testing.MutantResult] = []
    with progress(len(found)) as bar, _interruptible(len(found), results):
        for result in testing.try_all(found, jobs):
            results.append(result)
            bar.advance()
            bar.show(f"{result.mutant.module}, line {result.mutant.line}")
    seconds = time.monotonic() - started
    show(mutation_report.render(results, seconds))
    if report is not None:
        write_atomically(report, mutation_report.markdown(results, seconds))
        tell(f"Report: {report}")
    stale = testing.stale(found)
    for module, before, _ in stale:
        tell(f"equivalent.toml explains a mutant that is not made any more: {module}, {before}")
    if mutation_report.unexplained(results) or stale:
        raise typer.Exit(1)


def _chosen(names: Sequence[str], parts: Sequence[str]) -> list[Task]:
    """The cases to grade, slowest first, each with the tests that belong to these parts.

    A wrong or broken case is chosen if it loses one of those tests.
    """
    known = [*solution_and_stubs(), *read_cases()]
    if unknown := sorted(set(names) - {case.name for case in known}):
        near = get_close_matches(unknown[0], [case.name for case in known])
        hint = f"did you mean {' or '.join(near)}?" if near else f"they are the files in {problem().place}/cases/."
        stop(f"There is no case {', '.join(unknown)}: {hint}")
    if missing := [part for part in parts if not of_code(part)]:
        there = dict.fromkeys(one for test in read_suites() for one in (chapter_of(test.part), test.part))
        stop(f"There is no part {', '.join(missing)}: choose one of {', '.join(there)}.")
    cases = slowest_first(case for case in known if not names or case.name in names)
    if not parts:
        return [Task(case) for case in cases]
    return [Task(case, tests=tests) for case in cases if (tests := _tests(case, parts))]


def _tests(case: Case, parts: Sequence[str]) -> tuple[str, ...]:
    """The tests of these parts by which a case is graded, with those that they need; none if it loses none of them."""
    in_parts = [test for test in read_suites() if test.number in {*of_code(case.part)} & {*of_code(*parts)}]
    if case.kind != "right" and not {test.number for test in in_parts} & {*case.loses, *case.may_lose}:
        return ()
    wanted = {test.number for test in in_parts}
    while needed := {one for test in read_suites() if test.number in wanted for one in test.needs} - wanted:
        wanted |= needed
    return tuple(test.number for test in read_suites() if test.number in wanted)


def _why_none(left_out: Sequence[Case], repeat: bool) -> str:
    """Why no case is left to grade."""
    if left_out:
        needed = sorted({name for case in left_out for name in case.requires})
        return f"these cases need {', '.join(needed)}, not installed here"
    if repeat:
        return "there is no such case among the right ones, which --repeat grades"
    return "no case has this name and this part; leave out --part, or name another case"


def _known_parts(parts: Sequence[str]) -> list[str]:
    """These parts, or all without one."""
    if unknown := set(parts) - MODULES.keys():
        stop(f"There is no part {', '.join(sorted(unknown))}: choose one of {', '.join(MODULES)}.")
    return [part for part in MODULES if not parts or part in parts]


def _graded(tasks: Sequence[Task], jobs: int | None, thorough: bool = True) -> list[Verdict]:
    """Verdicts in the order of the tasks; after Ctrl-C those that are there."""
    found: dict[tuple[str, int], Verdict] = {}
    said = time.monotonic()
    with progress(len(tasks)) as bar, _interruptible(len(tasks), found), suppress(KeyboardInterrupt):
        for verdict in grade_cases(tasks, jobs, thorough):
            if not found and (cause := _no_sandbox(verdict)):  # nor is there one for what comes after it
                stop(f"Nothing can be graded here: {cause}. python -m grader doctor says more.", 1)
            found[verdict.case.id, verdict.seed] = verdict
            bar.advance()
            bar.show(verdict.case.name)
            if time.monotonic() - said >= SECONDS_BETWEEN_LINES:
                said = time.monotonic()
                wrong = sum(not one.is_right for one in found.values())
                bar.log(f"{len(found)} of {len(tasks)} graded, the grader erred in {wrong or 'none'}.")
    return [found[one.case.id, one.seed] for one in tasks if (one.case.id, one.seed) in found]


def _all_of(tasks: Sequence[Task], verdicts: list[Verdict]) -> list[Verdict]:
    """The verdicts; where somebody has stopped the command before it had all, this ends it."""
    if missing := len(tasks) - len(verdicts):
        stop(f"Interrupted: {missing} of {len(tasks)} were not graded.", 130)
    return verdicts


def _no_sandbox(verdict: Verdict) -> str:
    """Why the sandbox doesn't start, if that is why nothing was graded; of other faults people need the traceback."""
    if not verdict.nothing_graded:
        return ""
    return last_line(verdict.errors[0].text).partition(f"{SandboxError.__name__}: ")[2].rstrip(".")


@contextmanager
def _interruptible(total: int, found: Sized) -> Iterator[None]:
    """Ends the command where somebody stops it, or where a process of the pool dies."""
    try:
        yield
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    except BrokenExecutor:
        stop(f"A grading process died, perhaps because memory ran out, after {len(found)} of {total} submissions.")
