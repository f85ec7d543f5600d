"""``python -m grader diff``: whose grades have changed, in which tests, and why.

The command compares two folders of batches, or the gradings of one folder: the last one of each submission with the one
before, which the journal keeps.

The cause of a change follows from the digests in each line of the journal (modules, all submitted files, grader) and
from the seed. If all are equal and the grade still changed, the grade isn't repeatable, which is a fault of the grader.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.table import Table

from harness.catalog import read_suites
from harness.classroom.journal import Entry, Journal, JournalError, Status
from harness.classroom.marking import MarkError, MarkStore, Override
from harness.classroom.publish import signed
from harness.classroom.roster import RosterEntry, RosterError, load_roster, shown
from harness.classroom.tables import harmless
from harness.console import show, stop, tell
from harness.gradebook import State
from harness.numbers import sort_key
from harness.problem import problem
from harness.reports.html import environment
from harness.reports.text import counted, plain, points, unwritable, write_atomically

__all__ = ["Cause", "Change", "Difference", "TestChange", "compare", "diff"]

EQUAL = 1e-9
"""Points that differ by less are equal: sums of scores round."""
UNGRADED = (Status.WAITING, Status.FAULT)
"""A submission with one of these has no grade, and no zero."""


class Cause(str, Enum):
    """The cause of a changed grade, as a clause."""

    CODE = "the code changed"
    FILES = "other files of the submission changed"
    GRADER = "the grader changed"
    SEED = "the seed changed"
    FAULT = "the grader had a fault in one of them"
    TIME = "time ran out in one of them"
    OTHER = "the deadline, or a student's name, changed"
    UNKNOWN = "unknown: the older grading has no record of its inputs"
    NOTHING = "nothing changed: this grade is not repeatable"


@dataclass(frozen=True)
class TestChange:
    """A test with another outcome."""

    __test__ = False  # for pytest

    number: str
    title: str
    before: float | None
    """The points before; None if there was no such test or no grade."""
    after: float | None
    state_before: State | None
    state_after: State | None
    override: Override | None = None
    """The override by hand, which counts whatever the test's outcome is."""

    @property
    def gain(self) -> float:
        return (self.after or 0.0) - (self.before or 0.0)


@dataclass(frozen=True)
class Change:
    """A submission whose grade has changed in its points, its tests' states or its status."""

    id: str
    name: str
    before: Entry
    after: Entry
    tests: tuple[TestChange, ...]
    causes: tuple[Cause, ...]

    @property
    def gain(self) -> float:
        """The change of the automatic score in points; below zero if it fell."""
        return sum(test.gain for test in self.tests)

    @property
    def why(self) -> str:
        return ", ".join(cause.value for cause in self.causes)

    @property
    def unrepeatable(self) -> bool:
        return Cause.NOTHING in self.causes

    def total(self, entry: Entry) -> str:
        """The points of one of both gradings, as text; empty without a grade."""
        return "" if entry.status in UNGRADED else points(entry.score)


@dataclass(frozen=True)
class Difference:
    """The outcome of a comparison."""

    compared: int
    """The number of submissions that have two gradings."""
    changes: tuple[Change, ...]
    only_before: tuple[str, ...] = ()
    """The names of submissions that have no second grading."""
    only_after: tuple[str, ...] = ()
    """The names of submissions that have no first grading."""
    of: int | None = None
    """The number of all submissions of a folder; None if two folders are compared."""

    @property
    def by_test(self) -> list[tuple[TestChange, int, float]]:
        """For each changed test: one of its changes, the number of submissions, and the sum of changes in points."""
        found: dict[str, list[TestChange]] = {}
        for change in self.changes:
            for test in change.tests:
                found.setdefault(test.number, []).append(test)
        numbers = sorted(found, key=sort_key)
        return [(found[one][0], len(found[one]), sum(test.gain for test in found[one])) for one in numbers]

    @property
    def unrepeatable(self) -> list[Change]:
        return [change for change in self.changes if change.unrepeatable]

    @property
    def overridden(self) -> list[tuple[Change, TestChange]]:
        """The changes of tests whose score was overridden by hand."""
        pairs = ((change, test) for change in self.changes for test in change.tests if test.override is not None)
        return [(change, test) for change, test in pairs if abs(test.gain) > EQUAL]

    @property
    def summary(self) -> str:
        """A summary of the comparison in one or two sentences."""
        if not self.compared:
            return "Nothing was compared: no submission has two gradings."
        verb = "was" if self.compared == 1 else "were"
        what = (
            f"{self.compared} of {counted(self.of, 'submission')}" if self.of else counted(self.compared, "submission")
        )
        head = f"{what} {verb} {'graded again' if self.of else 'compared'}."
        if not self.changes:
            return f"{head} No grade changed."
        if self.compared == 1:
            gain = self.changes[0].gain
            return f"{head} Its grade changed: {signed(gain) if abs(gain) > EQUAL else 'it kept the total'}."
        gains = Counter((change.gain > EQUAL) - (change.gain < -EQUAL) for change in self.changes)
        kinds = ((1, "gained points"), (-1, "lost points"), (0, "kept the total"))
        of_each = ", ".join(f"{gains[sign]} {what}" for sign, what in kinds if gains[sign])
        return f"{head} {counted(len(self.changes), 'grade')} changed: {of_each}."


def compare(old: Path, new: Path | None = None) -> Difference:
    """Compare two folders of batches, or each last grading of one folder with the one before.

    Submissions of two folders belong together if their ids are equal, or else if their students are.

    Raises:
        JournalError: a folder isn't that of a batch.
        MarkError: the marks of a batch can't be read.
    """
    for folder in filter(None, (old, new)):
        if not Journal(folder).exists:
            raise JournalError(f"{folder} holds no grades: name a folder that python -m grader batch has made.")
    rosters = {roster_entry.id: roster_entry for folder in filter(None, (old, new)) for roster_entry in _roster(folder)}
    overrides = _Overrides([folder for folder in (new, old) if folder is not None])
    if new is None:
        gradings = Journal(old).gradings()
        pairs = [(id, found[-2], found[-1]) for id, found in gradings.items() if len(found) > 1]
        return Difference(len(pairs), _changes(pairs, rosters, overrides), of=len(gradings))
    before, after = (_with_seed(Journal(folder)) for folder in (old, new))
    partner = _partners(before, after, _roster(old), _roster(new))
    pairs = [(id, before[partner[id]], entry) for id, entry in after.items() if id in partner]
    taken = set(partner.values())
    return Difference(
        len(pairs),
        _changes(pairs, rosters, overrides),
        tuple(_name(id, rosters) for id in before if id not in taken),
        tuple(_name(id, rosters) for id in after if id not in partner),
    )


def _roster(folder: Path) -> Sequence[RosterEntry]:
    """The roster of a batch; empty for older batches, which have none."""
    try:
        return load_roster(folder)
    except RosterError:
        return ()


def _with_seed(journal: Journal) -> dict[str, Entry]:
    """The last gradings of a batch. Lines of older batches have no seed and get that of the batch."""
    entries = journal.entries()
    try:
        seed = journal.header().seed
    except JournalError:
        return entries
    return {
        id: entry if entry.seed is not None else msgspec.structs.replace(entry, seed=seed)
        for id, entry in entries.items()
    }


def _partners(
    before: Mapping[str, Entry], after: Mapping[str, Entry], old: Sequence[RosterEntry], new: Sequence[RosterEntry]
) -> dict[str, str]:
    """The former id of each submission: its own, or that of an earlier submission of the same students."""
    found = {id: id for id in after if id in before}
    former = {
        _students(roster_entry): roster_entry.id
        for roster_entry in old
        if roster_entry.id in before and roster_entry.id not in found
    }
    for roster_entry in new:
        if (
            roster_entry.id in after
            and roster_entry.id not in found
            and (id := former.pop(_students(roster_entry), None))
        ):
            found[roster_entry.id] = id
    return found


def _students(roster_entry: RosterEntry) -> frozenset[str]:
    return frozenset(person.email or person.sid or person.name for person in roster_entry.people)


def _name(id: str, rosters: Mapping[str, RosterEntry]) -> str:
    return shown(rosters[id].name) if id in rosters else id


def _changes(
    pairs: Sequence[tuple[str, Entry, Entry]], rosters: Mapping[str, RosterEntry], overrides: _Overrides
) -> tuple[Change, ...]:
    changes = []
    for id, before, after in pairs:
        tests = tuple(_tests(id, before, after, overrides))
        if tests or before.status is not after.status:
            changes.append(Change(id, _name(id, rosters), before, after, tests, _causes(before, after)))
    return tuple(sorted(changes, key=lambda change: (not change.unrepeatable, -abs(change.gain), change.name)))


def _tests(id: str, before: Entry, after: Entry, overrides: _Overrides) -> Iterator[TestChange]:
    titles = {test.number: test.title for test in read_suites()}
    gradings = [entry if entry.status not in UNGRADED else Entry(entry.id, entry.status) for entry in (before, after)]
    numbers = {number for entry in gradings for number in (*entry.scores, *entry.states)}
    for number in sorted(numbers, key=sort_key):
        scores = [entry.scores.get(number) for entry in gradings]
        states = [entry.states.get(number) for entry in gradings]
        same_score = abs((scores[0] or 0.0) - (scores[1] or 0.0)) < EQUAL and (scores[0] is None) == (scores[1] is None)
        if not same_score or states[0] is not states[1]:
            override = overrides.of(id, before.id).get(number)
            yield TestChange(number, titles.get(number, ""), scores[0], scores[1], states[0], states[1], override)


def _causes(before: Entry, after: Entry) -> tuple[Cause, ...]:
    """All possible causes of a changed grade."""
    causes = []
    known = all((before.files, after.files, before.grader, after.grader)) and None not in (before.seed, after.seed)
    if before.code != after.code:
        causes.append(Cause.CODE)
    elif before.files and after.files and before.files != after.files:
        causes.append(Cause.FILES)
    if before.grader and after.grader and before.grader != after.grader:
        causes.append(Cause.GRADER)
    if None not in (before.seed, after.seed) and before.seed != after.seed:
        causes.append(Cause.SEED)
    statuses = {before.status, after.status}
    if statuses & {Status.FAULT, Status.UNDECIDED}:
        causes.append(Cause.FAULT)
    if Status.OVERDUE in statuses:
        causes.append(Cause.TIME)
    if not causes and before.key != after.key:
        causes.append(Cause.OTHER if known else Cause.UNKNOWN)
    return tuple(causes) or (Cause.NOTHING,)


class _Overrides:
    """The overrides by hand in some folders. For each submission, the first folder with overrides counts."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._marks = []
        for folder in folders:
            with closing(MarkStore(folder)) as store:
                self._marks.append(store.state())

    def of(self, *ids: str) -> dict[str, Override]:
        """The overrides of a submission, by the number of the test."""
        found: dict[str, Override] = {}
        for marks in self._marks:
            for id in ids:
                for number, override in marks.overrides(id).items():
                    found.setdefault(number, override)
        return found


# ---- what is printed and written --------------------------------------------------------------------------------


def diff(
    old: Annotated[Path, typer.Argument(help="The folder of a batch.")],
    new: Annotated[
        Path | None,
        typer.Argument(help="Folder of a later batch. Default: compare a folder's last grades with its former ones."),
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with all changes to this file.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write a row for each test that changed to this file.")] = None,
) -> None:
    """Show whose grades have changed, in which tests, and why.

    Exit code 1: a grade changed although neither code nor grader nor seed did.
    """
    for file in (html, csv):
        if file is not None and (reason := unwritable(file)):
            stop(reason)
    try:
        found = compare(old, new)
    except (JournalError, MarkError) as error:
        stop(str(error))
    tell(found.summary)
    if found.changes:
        show(_table(found))
    for sentence in _sentences(found):
        tell(sentence)
    if html is not None:
        write_atomically(html, render(found, str(old), "" if new is None else str(new)))
    if csv is not None:
        write_atomically(csv, "\ufeff" + rows(found))  # Excel takes it for UTF-8 by that mark
    for file in (html, csv):
        if file is not None:
            tell(f"Written: {file}")
    if found.unrepeatable:
        raise typer.Exit(1)


def _table(found: Difference) -> Table:
    """A table with a line for each submission, followed by a line for each of its tests."""
    table = Table("Submission", "Before", "After", "Why", box=None, padding=(0, 2, 0, 0), title_justify="left")
    for column in table.columns[1:3]:
        column.justify = "right"
    for change in found.changes:
        totals = (change.total(change.before) or "none", change.total(change.after) or "none")
        table.add_row(plain(change.name), *totals, change.why, style="bold" if change.unrepeatable else "")
        if change.before.status is not change.after.status:
            table.add_row("  status", change.before.status.value, change.after.status.value)
        for test in change.tests:
            state = f"{_word(test.state_before)} → {_word(test.state_after)}"
            note = f"{state}; overridden" if test.override is not None else state
            table.add_row(f"  {test.number}", _points(test.before), _points(test.after), note)
    return table


def _sentences(found: Difference) -> Iterator[str]:
    if found.unrepeatable:
        names = ", ".join(plain(change.name) for change in found.unrepeatable)
        yield f"The grades are not repeatable; look into the tests that changed: {names}."
    for change, test in found.overridden:
        assert test.override is not None
        yield (
            f"{plain(change.name)}: {test.number} is overridden by hand with {points(test.override.score)} points, and "
            f"its automatic score went from {_points(test.before)} to {_points(test.after)}. Check whether "
            "the override still holds."
        )
    for alone, where in ((found.only_before, "first"), (found.only_after, "second")):
        if alone:
            yield f"{len(alone)} graded in the {where} folder only: {plain(', '.join(alone))}."


def _points(score: float | None) -> str:
    return "none" if score is None else points(score)


def _word(state: State | None) -> str:
    return "none" if state is None else state.value


def rows(found: Difference) -> str:
    """CSV with a row for each changed test. If only the status of a submission changed, its row names no test."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    heads = "Submission,Student,Test,Title,Before,After,State before,State after,Total before,Total after,Why,Override"
    table.writerow(heads.split(","))
    for change in found.changes:
        who = (harmless(change.id), harmless(change.name))
        totals = (change.total(change.before), change.total(change.after))
        for test in change.tests:
            scores = ["" if score is None else points(score) for score in (test.before, test.after)]
            states = (_word(test.state_before), _word(test.state_after))
            override = "" if test.override is None else points(test.override.score)
            table.writerow([*who, test.number, test.title, *scores, *states, *totals, change.why, override])
        if not change.tests:
            statuses = (change.before.status.value, change.after.status.value)
            table.writerow([*who, "", "", "", "", *statuses, *totals, change.why, ""])
    return text.getvalue()


def render(found: Difference, old: str, new: str = "") -> str:
    """The page as text.

    Args:
        old: the name of the first folder.
        new: the name of the second folder; empty if the gradings of one folder were compared.
    """
    pages = environment(Path(__file__).resolve().parent)
    pages.filters.update(points=_points, plain=plain, word=_word)
    return pages.get_template("diff.html.j2").render(found=found, old=old, new=new, problem=problem())
