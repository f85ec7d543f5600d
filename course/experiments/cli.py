"""The command ``python run_experiments.py`` runs all experiments of the problem set, or some of its parts."""

from __future__ import annotations

import ast
import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated

import msgspec
import torch
import typer
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from course.experiments.device import device_for, device_of
from course.experiments.division import Division, run_parts
from course.experiments.profiles import PROFILES
from course.experiments.progress import Display
from course.experiments.report import duration, summary_rows
from course.experiments.runner import ConflictError, Plan, Session, parts_of
from course.experiments.student_code import MODULES
from course.experiments.watch import Teller
from course.records import PARTS, Record, RecordError, clock_seconds, read
from harness.base.cluster import ClusterError, connected
from harness.base.lock import lock
from harness.base.process_pool import TaskRunner, heed_stops, pool

__all__ = ["Screen", "app", "run_session"]

ROOT = Path(__file__).resolve().parent.parent.parent
REFERENCE = ROOT / "grader" / "solution"
#: Free bytes that a run needs. The checkpoints of the full profile take about 110 MB.
DISK = {"quick": 200e6, "full": 500e6}

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


class ProfileName(str, Enum):
    quick = "quick"
    full = "full"


@dataclass(frozen=True)
class Screen:
    """The places where a session prints its output, its errors and its progress."""

    console: Console
    errors: Console
    display: Display


@app.command()
def experiments(  # noqa: PLR0913 (typer reads options from parameters)
    parts: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PART]...", help="Parts such as 1.2, or 3 for 3.1 to 3.4. Default: all."),
    ] = None,
    profile: Annotated[
        ProfileName,
        typer.Option(help="quick takes minutes on a laptop; full runs all that the handout asks for, on a GPU."),
    ] = ProfileName.quick,
    student: Annotated[Path | None, typer.Option(help="The folder with the six modules. Default: student/.")] = None,
    out: Annotated[Path, typer.Option(help="The folder for results.")] = Path("results"),
    seed: Annotated[
        int, typer.Option(min=0, max=2**63 - 1, help="The seed of all random numbers; the handout's is 43.")
    ] = 43,
    device: Annotated[str, typer.Option(help="The device: auto, cpu, cuda, cuda:1, ...")] = "auto",
    threads: Annotated[int, typer.Option(min=0, help="The number of CPU threads; 0 lets PyTorch choose.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="Run N parts at the same time. They share the threads.")] = 1,
    scheduler: Annotated[
        str | None,
        typer.Option(help="The address of a Dask scheduler whose workers run the parts, as tcp://host:8786."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep finished parts, and continue where a run stopped.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Run parts again that have results, and replace these.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would run, and how long it takes here.")
    ] = False,
) -> None:
    """Run the experiments of the problem set: curves, numbers, checkpoints and a report in one folder."""
    heed_stops()
    console = Console(highlight=False)
    errors = Console(stderr=True, highlight=False, soft_wrap=True)

    def refuse(sentence: str) -> typer.Exit:
        errors.print(f"{sentence}." if not sentence.endswith(".") else sentence, markup=False)
        return typer.Exit(2)

    if threads:
        torch.set_num_threads(threads)
    try:
        chosen = parts_of(parts or [])
        folder = _student_folder(student)
        if scheduler:
            where = torch.device("cpu")  # each worker chooses its own device
        else:
            where = device_of(device) if dry_run else device_for(device, profile.value)
    except ValueError as error:
        raise refuse(str(error)) from None
    if folder == REFERENCE and student is None:
        out = Path(f"{out.resolve()}-reference") if out.name in ("", "..") else out.with_name(f"{out.name}-reference")
        console.print(
            f"student/ has only stubs so far: the reference solution runs, and writes into {out}/.", soft_wrap=True
        )
    display = Display(console, jobs=jobs)
    plan = Plan(chosen, PROFILES[profile.value], folder, out, seed, resume, replace)
    session = Session(plan, where, watch=Teller(display.show))
    if dry_run:
        raise typer.Exit(_exit_code(_dry_run(session, console), parts or []))
    try:
        session.check()
        out.mkdir(parents=True, exist_ok=True)
        if (free := shutil.disk_usage(out).free) < DISK[profile.value]:
            raise refuse(f"{out} has {free / 1e6:.0f} MB left, and {DISK[profile.value] / 1e6:.0f} MB are needed")
        if not os.access(out, os.W_OK):
            raise refuse(f"{out} can't be written: change its permissions, or name another folder with --out")
        held = lock(out / ".lock")
    except ConflictError as error:
        raise refuse(str(error)) from None
    except BlockingIOError:
        raise refuse(f"Another run is writing into {out}: wait for it, or name another folder with --out") from None
    except OSError as error:
        sentence = f"{out} can't be the folder of results ({error.strerror}): name another one with --out"
        raise refuse(sentence) from None
    with held:
        try:
            with _runner(scheduler, jobs, device, console) as runner:
                division = None if runner is None else Division(runner, device, threads, cluster=scheduler is not None)
                records, code = run_session(
                    session, Screen(console, errors, display), _divided(session, division, display)
                )
        except (ClusterError, ValueError) as error:  # a worker may have no such device
            raise refuse(str(error)) from None
    raise typer.Exit(code or _exit_code(records, parts or []))


def _runner(
    scheduler: str | None, jobs: int, device: str, console: Console
) -> AbstractContextManager[TaskRunner | None]:
    """Return what runs the parts. With None, this process runs them one after another."""
    if scheduler:
        return connected(scheduler, lambda text: console.print(text, markup=False), gpu=device.startswith("cuda"))
    return nullcontext(TaskRunner(pool, jobs) if jobs > 1 else None)


def _divided(session: Session, division: Division | None, display: Display) -> Iterator[tuple[Record, bool]]:
    """Run the parts. Yield each record, and whether the part was finished before this session."""
    if division is None:
        for part in session.parts:
            record = session.run(part)
            display.finish(part)
            yield record, part in session.kept
    else:
        yield from run_parts(session, division, display)


def _student_folder(given: Path | None) -> Path:
    """Return the folder with the modules: the reference solution if ``student/`` is untouched and none was named.

    Raises:
        ValueError: the named folder is a file, or has none of the modules.
    """
    if given is None and REFERENCE.is_dir() and _is_untouched(ROOT / "student"):
        return REFERENCE
    folder = given or ROOT / "student"
    if folder.is_file():
        raise ValueError(
            f"{folder} is a file, and --student takes a folder with the modules: make one with "
            f"python -m grader unpack {folder} --out FOLDER"
        )
    for path in (folder, folder / "student"):
        if any((path / f"{module}.py").is_file() for module in MODULES):
            return path
    names = ", ".join(f"{module}.py" for module in MODULES)
    raise ValueError(f"{folder} holds none of {names}: name a folder with these modules after --student")


def _is_untouched(folder: Path) -> bool:
    """Say whether every function of the six modules is still a stub."""
    for module in MODULES:
        try:
            tree = ast.parse((folder / f"{module}.py").read_bytes())
        except (OSError, SyntaxError, ValueError):
            return False
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        if not all(isinstance(function.body[-1], ast.Raise) and len(function.body) <= 2 for function in functions):
            return False
    return True


def run_session(session: Session, screen: Screen, done: Iterator[tuple[Record, bool]]) -> tuple[list[Record], int]:
    """Run all parts, write the report and print the results.

    Args:
        done: runs a part at each step, and yields its record and whether it was finished before.

    Returns:
        The records, and an exit code: 0, 1 if a file can't be written, 130 if the session was interrupted.
    """
    records: list[Record] = []
    kept: set[str] = set()
    code = 0
    try:
        for record, was_there in done:
            records.append(record)
            kept |= {record.part} if was_there else set()
            _say(record, screen.console, kept=was_there)
    except (KeyboardInterrupt, OSError) as error:
        running = list(screen.display.running)
        screen.display.stop()
        screen.errors.print(_stopped(error, running, session, began=bool(running or records)))
        if isinstance(error, OSError):
            return records, 1
        code = 130
        for part in running:
            with suppress(RecordError):
                records.append(read(session.out / part))
    if not session.records():
        return records, code
    try:
        page = session.draw()
    except OSError as error:
        sentence = f"The report can't be written ({error}): the records are kept, and --resume writes it."
        screen.errors.print(sentence)
        return records, code or 1
    if records:
        _summary(sorted(records, key=lambda record: PARTS.index(record.part)), kept, session, screen.console)
    screen.console.print(f"Report: {page}", soft_wrap=True)
    # Results earn points for trained networks only. What the other parts compute is graded with the code.
    if quick := [record.part for record in records if record.profile == "quick" and record.runs]:
        sentence = (
            f"Quick results of {', '.join(quick)} earn no points. Make full results with --profile full, on a GPU."
        )
        screen.console.print(sentence, soft_wrap=True)
    return records, code


def _stopped(error: BaseException, running: Sequence[str], session: Session, *, began: bool) -> str:
    """Say what stopped the parts, what is kept, and how to continue."""
    *others, last = running or [""]
    parts = f"parts {', '.join(others)} and {last}" if others else f"part {last}"
    if not isinstance(error, OSError):
        if not began:
            return "Interrupted before any part began: run the same command again."
        where = f" in {parts}" if running else ""
        return f"Interrupted{where}: finished work is kept, and --resume continues from there."
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full: free some space for {session.out}, and continue with --resume."
    what = f"The results of {parts}" if running else "A record"
    return f"{what} can't be written ({error.strerror}): check {session.out}, and continue with --resume."


def _exit_code(records: Sequence[Record], names: Sequence[str]) -> int:
    """Return 1 if a part failed, or if a part was skipped that the user named by its own number."""
    could_not = (record for record in records if record.state != "complete")
    return int(any(record.state == "failed" or record.part in names for record in could_not))


SYMBOLS = {"complete": "[green]✓[/]", "skipped": "[yellow]·[/]", "failed": "[red]✗[/]", "unfinished": "[yellow]◐[/]"}


def _say(record: Record, console: Console, *, kept: bool) -> None:
    """Print one line for a finished part, and a line for its reason and each of its stand-ins."""
    how = "kept from an earlier run" if kept else duration(record.seconds)
    console.print(f"{SYMBOLS[record.state]} [bold]{record.part}[/] {record.title} ({how})")
    for text in [record.reason, *record.stand_ins]:
        if text and not kept:
            console.print(Text(f"    {text}"), soft_wrap=True)


def _summary(records: Sequence[Record], kept: set[str], session: Session, console: Console) -> None:
    """Print a table with a row for each part, and the running times."""
    grid = Grid(title=f"Profile {session.profile.name}, seed {session.plan.seed}", title_justify="left", box=None)
    for column in ("Part", "", "State", "Result", "Time"):
        grid.add_column(column)
    for part, title, state, result, seconds, _ in summary_rows(records):
        grid.add_row(*map(Text, (part, title, state, result, seconds)))
    console.print()
    console.print(grid)
    new = [_of_last_session(record) for record in records if record.part not in kept]
    if new and all(record.state == "unfinished" for record in new):
        console.print("No part was finished in this session.")
    elif new:
        clock, total = clock_seconds(new), sum(record.seconds for record in new)
        console.print(
            f"In this session the parts ran for {duration(clock)} by the clock; the sum of their own times is "
            f"{duration(total)}.",
            soft_wrap=True,
        )


def _of_last_session(record: Record) -> Record:
    """Return a copy of the record with its last session only."""
    last = record.sessions[-1:]
    return msgspec.structs.replace(record, sessions=last, seconds=sum(session.seconds for session in last))


def _dry_run(session: Session, console: Console) -> list[Record]:
    total = 0.0
    records = []
    for part in session.parts:
        record, seconds = session.estimate(part)
        records.append(record)
        total += seconds
        says = f"about {duration(seconds)} of training" if seconds else "some seconds, without training"
        what = says if record.state == "complete" else record.reason
        console.print(Text(f"{part} {record.title}: {what}"), soft_wrap=True)
        downloads = [note for note in record.notes if "downloaded" in note]
        for text in [*record.stand_ins, *downloads]:
            console.print(Text(f"    {text}"), soft_wrap=True)
    where = record.environment.device
    training = f"about {duration(total)} of training on {where}" if total else "no training"
    console.print(f"Together: {training}. Nothing was written.", soft_wrap=True)
    return records
