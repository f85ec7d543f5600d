"""``python -m grader batch``: grade a class."""

from __future__ import annotations

import os
import random
from collections import Counter
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from harness.base.cluster import ClusterError, connected
from harness.base.process_pool import Died, TaskRunner, heed_stops, pool, usual_jobs
from harness.classroom import digests, late, page, tables
from harness.classroom.batch_task import OVERTIME, Task, as_result, grade_one
from harness.classroom.earlier_years import check_earlier, earlier_year
from harness.classroom.journal import Entry, Header, Journal, JournalError, Status
from harness.classroom.live import LivePage, open_page
from harness.classroom.marking import MarkError
from harness.classroom.roster import Roster, RosterEntry, RosterError, read_roster, write_roster
from harness.classroom.similarity import SimilarityError, check_installed, write_report
from harness.classroom.totals import totals
from harness.console import isolation_notice, progress, show, stop, tell
from harness.gradebook import UNGRADED, not_graded
from harness.part_checks import refuse_wrong_points
from harness.reports.text import points, write_atomically

__all__ = ["batch"]

#: The number of possible seeds of inputs, as for a single grading.
SEEDS = 2**53


def batch(  # noqa: PLR0913 (typer reads options from parameters)
    submissions: Annotated[
        Path, typer.Argument(help="A folder of submissions (folders, archives, notebooks), or Gradescope's export.")
    ],
    out: Annotated[Path, typer.Option(help="The folder for grades and reports.")] = Path("grades"),
    jobs: Annotated[
        int | None, typer.Option(min=1, max=256, help="Processes at the same time. Default: one more than cores.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep grades that are still valid; grade what is new or has changed.")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Grade everything again.")] = False,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of the inputs, which are the same for all.")] = None,
    deadline: Annotated[
        float, typer.Option(min=1, help="Seconds for each submission. Tests left then are skipped.")
    ] = 900,
    scheduler: Annotated[
        str | None,
        typer.Option(help="Address of a Dask scheduler, as tcp://host:8786. Its workers grade instead of --jobs."),
    ] = None,
    similarity: Annotated[
        bool, typer.Option("--similarity", help="Compare the submissions with each other, by copydetect.")
    ] = False,
    against: Annotated[
        Path | None,
        typer.Option(help="Compare with an earlier year too: the folder of its batch, or of its submissions."),
    ] = None,
    open_: Annotated[
        bool, typer.Option("--open", help="Open the class page in a browser; it follows the batch.")
    ] = False,
    require_isolation: Annotated[
        bool, typer.Option("--require-isolation", help="Grade only if student code can't reach tests and reports.")
    ] = False,
    due: Annotated[str | None, typer.Option(help="Due time, as 2025-10-03T23:59. It is kept in late.toml.")] = None,
    zone: Annotated[
        str | None, typer.Option(help="Time zone of --due, as America/New_York. Default: this machine's.")
    ] = None,
    late_rules: Annotated[
        Path | None, typer.Option(help="A late.toml with the rules for late submissions. A copy is kept.")
    ] = None,
) -> None:
    """Grade a class: a table of grades, a report for each submission, and a page about all of them.

    Exit code 1: the grader had a fault somewhere. 130: interrupted; --resume goes on.
    """
    _batch(
        _Options(
            submissions,
            out,
            jobs=jobs,
            resume=resume,
            replace=replace,
            seed=seed,
            deadline=deadline,
            scheduler=scheduler,
            similarity=similarity or against is not None,
            against=against,
            open=open_,
            require_isolation=require_isolation,
            due=due,
            zone=zone,
            late_rules=late_rules,
        )
    )


@dataclass(frozen=True)
class _Options:
    """The command line of ``batch``."""

    submissions: Path
    out: Path
    jobs: int | None
    resume: bool
    replace: bool
    seed: int | None
    deadline: float
    scheduler: str | None
    similarity: bool
    against: Path | None
    open: bool
    require_isolation: bool
    due: str | None
    zone: str | None
    late_rules: Path | None


def _batch(options: _Options) -> None:
    out = options.out
    journal = Journal(out)
    heed_stops()  # the table of what is graded is written
    if options.resume and options.replace:
        stop("--resume keeps grades and --replace grades everything again: choose one of them.")
    refuse_wrong_points()
    try:
        if options.similarity:
            check_installed()
        if options.against:
            check_earlier(options.against)
        roster = read_roster(options.submissions, without=out)
        _check(journal, options)
        rules = late.chosen(out, options.due, options.zone, options.late_rules)
        if notice := _not_isolated(roster):
            if options.require_isolation:
                stop(f"Nothing was graded, because --require-isolation was given. {notice}")
            tell(notice)
        with journal.locked():
            header = Header(_seed(journal, options), str(options.submissions))
            if options.replace:
                journal.forget()
            journal.begin(header)
            write_roster(out, roster.entries)
            if rules is not None:
                late.write(out, rules)
                tell(rules.said)
            for name in roster.left_out:
                tell(f"{name} is left out: it is not a folder, archive, notebook or module.")
            interrupted = False
            name = options.submissions.resolve().name
            live = LivePage(
                out / "index.html",
                lambda running: page.render(page.of_folder(out, name, header.seed, roster.entries, running)),
                options.deadline + OVERTIME,
            )
            live.show(0)
            if options.open and not open_page(out / "index.html"):
                tell(f"No browser was found: open {out / 'index.html'} in one.")
            try:
                local = TaskRunner(pool, min(options.jobs or usual_jobs(), len(roster.entries)))
                with connected(options.scheduler, tell) if options.scheduler else nullcontext(local) as runner:
                    _grade(roster, journal, header, options.deadline, runner, live)
            except KeyboardInterrupt:
                interrupted = True
            finally:
                graded = page.of_folder(out, name, header.seed, roster.entries)
                write_atomically(out / "grades.csv", tables.render(totals(out)))
                write_atomically(out / "index.html", page.render(graded))
            if options.similarity and not interrupted:
                found = _compare(roster, journal, options.against)
                write_atomically(out / "index.html", page.render(graded, found))
    except (RosterError, JournalError, ClusterError, SimilarityError, late.LateError, MarkError) as error:
        stop(str(error))
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        stop(f"{out} can't be written: {error.strerror or error}{where}. Finished grades are kept: --resume continues.")
    show(_summary(graded))
    tell(f"Grades: {out / 'grades.csv'}    class page: {out / 'index.html'}")
    if interrupted:
        tell("Interrupted: run the same command with --resume to continue.")
        raise typer.Exit(130)
    if {Status.FAULT, Status.UNDECIDED} & set(graded.statuses):
        raise typer.Exit(1)


def _check(journal: Journal, options: _Options) -> None:
    """End the command if it would lose existing grades."""
    out, submissions = options.out, options.submissions
    if out.exists() and not out.is_dir():
        raise JournalError(f"{out} is a file: name a folder for the grades with --out.")
    if out.resolve() in (submissions.resolve(), *submissions.resolve().parents):
        raise JournalError(f"{out} holds the submissions themselves: name another folder with --out.")
    if journal.exists and not (options.resume or options.replace):
        raise JournalError(
            f"{out} already holds grades: keep those that are still valid with --resume, grade everything again with "
            "--replace, or name another folder with --out."
        )
    if out.is_dir() and not journal.exists and any(path.name != ".lock" for path in out.iterdir()):
        raise JournalError(f"{out} holds something else: name a new folder with --out.")


def _seed(journal: Journal, options: _Options) -> int:
    """The requested seed, or else that of the resumed batch, or else a new one."""
    if options.seed is not None:
        return options.seed
    if options.resume and journal.exists:
        return journal.header().seed
    return random.SystemRandom().randrange(SEEDS)


def _not_isolated(roster: Roster) -> str:
    """A sentence if student code isn't isolated; empty if it is."""
    from harness.host.launch import make_launcher
    from harness.isolation import self_check

    self_check.with_secret()
    launcher = make_launcher("auto")
    others = _to_be_tried(roster)
    try:
        found = self_check.quick_check(launcher, {"read other submissions": others} if others else {})
    finally:
        launcher.stop()
    return isolation_notice(found)


def _to_be_tried(roster: Roster) -> list[Path]:
    """One file of each submission, with the folders above it. Other submissions must not read them."""
    found: dict[Path, None] = {}
    for roster_entry in roster.entries:
        files = (Path(place) / name for place, _, names in os.walk(roster_entry.path) for name in sorted(names))
        one = (
            roster_entry.path if roster_entry.path.is_file() else next((file for file in files if file.is_file()), None)
        )
        if one is not None:
            found.update(dict.fromkeys([*(up for up in one.parents if roster_entry.path in (up, *up.parents)), one]))
    return [path.absolute() for path in found]


def _grade(
    roster: Roster, journal: Journal, header: Header, deadline: float, runner: TaskRunner, live: LivePage
) -> None:
    entries = journal.entries()
    tasks = [
        _task(roster_entry, journal, entries.get(roster_entry.id), header.seed, deadline)
        for roster_entry in roster.entries
    ]
    with progress(len(tasks)) as bar, closing(runner.results(grade_one, tasks)) as results:
        for task, result in results:
            if isinstance(result, Died):
                gradebook = not_graded(UNGRADED, fault=str(result), submission=task.name, seed=task.seed)
                result = as_result(task, gradebook, Status.FAULT, str(result))
            if result is None:
                what = f"{task.name}: unchanged"
            else:
                journal.add(result.entry, result.report, result.page, result.modules, result.material)
                what = f"{task.name}: {result.entry.status.value}, {points(result.entry.score)} points"
            bar.advance()
            bar.show(what)
            bar.log(f"{bar.done}/{len(tasks)}  {what}")
            live.show(bar.done)


def _task(roster_entry: RosterEntry, journal: Journal, entry: Entry | None, seed: int, deadline: float) -> Task:
    final = (
        entry is not None and entry.status in (Status.GRADED, Status.REFUSED) and journal.is_complete(roster_entry.id)
    )
    known = entry.key if entry is not None and final else ""
    return Task(
        roster_entry.id,
        roster_entry.path.absolute(),
        roster_entry.name,
        seed,
        deadline,
        known,
        there=roster_entry.path.exists(),
        grader=digests.of_grader(),
    )


def _compare(roster: Roster, journal: Journal, against: Path | None) -> str:
    """Write the page of similar submissions, and return a sentence about it."""
    tell("Comparing the submissions with each other ...")
    names = Counter(roster_entry.name for roster_entry in roster.entries)
    modules = {
        roster_entry.name
        if names[roster_entry.name] == 1
        else f"{roster_entry.name} ({roster_entry.id})": journal.code(roster_entry.id)
        for roster_entry in roster.entries
        if journal.code(roster_entry.id).is_dir()
    }
    with earlier_year(against) as earlier:
        found = write_report(modules, journal.folder, earlier=earlier)
    for note in found.notes:
        tell(note)
    return found.summary


def _summary(graded: page.Class) -> Table:
    """Summarise the number of submissions of each status and their points."""
    table = Table(title="", show_header=False, box=None, padding=(0, 2, 0, 0), title_justify="left")
    for status, count in graded.statuses.items():
        table.add_row(f"{count:6}", status.value)
    if graded.graded:
        total = graded.total
        table.add_row(f"{total.mean:6.1f}", f"of {total.maximum:g} points on average; median {total.median:g}")
    return table
