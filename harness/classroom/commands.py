"""The commands after grading: ``python -m grader late``, ``canvas`` and ``publish``. They use a batch's folder."""

from __future__ import annotations

import getpass
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from harness.classroom import late as late_days
from harness.classroom import page, tables
from harness.classroom.canvas import CanvasError, fill, read_gradebook, render, sayings
from harness.classroom.journal import JournalError
from harness.classroom.marking import MarkError
from harness.classroom.publish import Edition, PublishError, unfinished, write_editions
from harness.classroom.roster import RosterError, load_roster
from harness.classroom.totals import Total, students, totals
from harness.console import stop, tell
from harness.reports.text import counted, unwritable, write_atomically

__all__ = ["canvas", "late", "publish"]

Grades = Annotated[Path, typer.Argument(help="The folder that python -m grader batch has written.")]


def late(
    grades: Grades = Path("grades"),
    due: Annotated[str | None, typer.Option(help="Due time, as 2025-10-03T23:59.")] = None,
    zone: Annotated[
        str | None, typer.Option(help="Time zone of --due, as America/New_York. Default: this machine's.")
    ] = None,
    rules: Annotated[Path | None, typer.Option(help="A late.toml with the rules for late submissions.")] = None,
) -> None:
    """Say what being late costs: writes late.csv and grades.csv, and keeps the rules for later commands."""
    with _refusals():
        roster_entries = load_roster(grades)
        found = late_days.chosen(grades, due, zone, rules)
        if found is None:
            stop(f"{grades} has no {late_days.FILE} yet: name the due time with --due, or a file with --rules.")
        late_days.write(grades, found)
        of_class = totals(grades)
        write_atomically(grades / "late.csv", tables.late(of_class))
        _write_overviews(grades, of_class)
    tell(found.said)
    if unknown := late_days.strangers(found, roster_entries):
        tell(f"No submission is by {', '.join(unknown)}: check the SIDs and addresses in the rules.")
    counting = [(total, total.lateness) for total in of_class if total.counts_for and total.lateness]
    for total, lateness in counting:
        if lateness.late_by:
            tell(f"{', '.join(person.name for person in total.counts_for)}: {total.late}")
    if unknown_times := sum(lateness.late_by is None for _, lateness in counting):
        tell(f"Without a submission time, and so without a penalty: {counted(unknown_times, 'submission')}.")
    punished = sum(lateness.costs for _, lateness in counting)
    tell(f"With a penalty: {punished} of {counted(len(counting), 'submission')}.    Table: {grades / 'late.csv'}")


def canvas(
    grades: Grades = Path("grades"),
    gradebook: Annotated[
        Path | None, typer.Option(help="The gradebook, as Canvas exports it: Grades, Export, Export Entire Gradebook.")
    ] = None,
    assignment: Annotated[
        str | None, typer.Option(help='The column to fill, as "PSet 2 (12345)", its title, or its id.')
    ] = None,
    out: Annotated[Path, typer.Option(help="The file for Canvas: Grades, Import.")] = Path("canvas.csv"),
) -> None:
    """Fill one assignment of an exported gradebook with the totals, and write what Canvas imports.

    It also writes grades.csv again, with the marks by hand.
    """
    if gradebook is None:
        stop("The gradebook is missing: export it from Canvas, and name the file with --gradebook.")
    if (reason := unwritable(out)) is not None:
        stop(reason.replace("The report", "The file for Canvas"))
    if out.exists() and gradebook.exists() and out.samefile(gradebook):
        stop(f"{out} is the gradebook itself: name another file with --out.")
    with _refusals():
        of_class = totals(grades)
        filled = fill(read_gradebook(gradebook), of_class, assignment)
        write_atomically(out, render(filled))
        out.chmod(0o600)  # it may lie outside the folder of grades, which is closed to others
        _write_overviews(grades, of_class)
    for line in sayings(filled):
        tell(line)
    there = sum(not row.is_test_student for row in filled.gradebook.rows)
    tell(f"{filled.assignment}: points for {len(filled.given)} of the {counted(there, 'student')} in the gradebook.")
    tell(f"File for Canvas: {out}")


def publish(
    grades: Grades = Path("grades"),
    out: Annotated[Path | None, typer.Option(help="Folder for students' reports. Default: grades/published.")] = None,
    partial: Annotated[bool, typer.Option("--partial", help="Publish although something is not marked yet.")] = False,
    downloads: Annotated[
        Path | None, typer.Option(help="Canvas' download of all submissions (zip or folder), for the feedback zip.")
    ] = None,
    gradebook: Annotated[
        Path | None, typer.Option(help="Canvas' gradebook: it says which student a file in --downloads is from.")
    ] = None,
    who: Annotated[str | None, typer.Option(help="Name of who publishes. Default: this machine's user.")] = None,
) -> None:
    """Write what students get: their reports, a table for mail merge, and Canvas' feedback zip.

    It also writes grades.csv again, with the marks by hand.
    """
    with _refusals():
        of_class = totals(grades)
        open_ = unfinished(of_class)
        if open_ and not partial:
            stop(f"Nothing was published. {_listed(open_)} Mark them, or publish what there is with --partial.")
        edition = Edition(grades, out or grades / "published", downloads, gradebook)
        done = write_editions(edition, of_class, who or _user())
        _write_overviews(grades, of_class)
    if open_:
        tell(_listed(open_))
    for note in done.notes:
        tell(note)
    tell(f"{counted(done.reports, 'report')} for {counted(len(students(of_class)), 'student')}: {edition.out}")
    tell(f"For mail merge: {done.table}" + (f"    for Canvas: {done.feedback}" if done.feedback else ""))


def _write_overviews(grades: Path, of_class: Sequence[Total]) -> None:
    """Write the table and the class page again, with new marks."""
    write_atomically(grades / "grades.csv", tables.render(of_class))
    page.write_again(grades)


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn errors into a sentence that ends the command."""
    try:
        yield
    except (RosterError, JournalError, MarkError, CanvasError, PublishError, late_days.LateError) as error:
        stop(str(error))
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        stop(f"A file can't be read or written: {error.strerror or error}{where}.")


def _listed(open_: Sequence[Total]) -> str:
    """One sentence on what is missing, and in which submissions."""
    shown = [f"{total.called}: {total.left}" for total in open_[:10]]
    more = f", and {len(open_) - 10} more" if len(open_) > 10 else ""
    return f"{counted(len(open_), 'submission')} without complete marks: {'; '.join(shown)}{more}."


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # of a user id that has no name
        return "staff"
