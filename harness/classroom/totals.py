"""The total of each submission of a class: automatic points, points by hand, and lateness.

Tables, pages and files for other systems use these numbers.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from harness.base.untrusted import UnreadableError, read_bytes
from harness.catalog import GradedTest, read_suites
from harness.classroom import late
from harness.classroom.journal import Entry, Journal, Status
from harness.classroom.marking import Marks, MarkStore
from harness.classroom.roster import Person, RosterEntry, load_roster, shown
from harness.problem import problem

__all__ = ["Student", "Total", "of_class", "parts_of", "students", "totals"]

MAX_REPORT = 64 << 20
MOST_NAMED = 4
GRADED = (Status.GRADED, Status.UNDECIDED, Status.OVERDUE, Status.REFUSED)
"""The statuses of submissions that have points."""


@dataclass(frozen=True)
class Total:
    """The total of one submission, with its parts."""

    id: str
    people: tuple[Person, ...]
    submission: str
    """The name of the submitted file or folder."""
    status: Status
    parts: Mapping[str, float]
    """The automatic points by part, with overrides; empty without a grade."""
    by_hand: Mapping[str, float | None]
    """The points by question; None if it isn't marked yet."""
    changed: float = 0.0
    """The points by which overrides have changed the automatic ones."""
    roster_entry: RosterEntry | None = None
    lateness: late.Lateness | None = None
    """The lateness; None without rules."""
    undecided: tuple[str, ...] = ()
    """The tests in which the grader had a fault and that nobody has overridden by hand."""
    flagged: tuple[str, ...] = ()
    """The questions that a marker has flagged."""
    replaced: Mapping[Person, str] = field(default_factory=dict)
    """The students for whom another submission counts, with the id of that submission."""
    instead_of: Mapping[Person, tuple[str, ...]] = field(default_factory=dict)
    """The ids of other submissions by the students for whom this one counts."""

    @property
    def counts_for(self) -> tuple[Person, ...]:
        """The students who get this total."""
        return tuple(person for person in self.people if person not in self.replaced)

    @property
    def called(self) -> str:
        """The students' names with the submission's id, as ``Ada Lovelace, Alan Turing (s1)``."""
        names = ", ".join(person.name for person in self.people)
        return self.id if names in ("", self.id) else f"{names} ({self.id})"

    @property
    def automatic(self) -> float | None:
        """The automatic points; None without a grade."""
        return round(sum(self.parts.values()), 4) if self.parts else None

    @property
    def hand(self) -> float | None:
        """The points by hand; None while one is missing."""
        found = [points for points in self.by_hand.values() if points is not None]
        return round(sum(found), 4) if len(found) == len(self.by_hand) else None

    @property
    def unmarked(self) -> tuple[str, ...]:
        """The questions that are not marked yet."""
        return tuple(question for question, points in self.by_hand.items() if points is None)

    @cached_property
    def missing(self) -> tuple[str, ...]:
        """The things that the total still needs, each in a few words."""
        found = [] if self.parts else [f"automatic points ({self.status.value})"]
        found += [f"by hand {question}" for question in self.unmarked]
        found += [f"test {number}: the grader had a fault" for number in self.undecided]
        return tuple(found)

    @property
    def left(self) -> str:
        """The things to do before publishing, in a few words; empty if nothing is left."""
        what = [*self.missing, *(f"flagged {question}" for question in self.flagged)]
        if len(self.unmarked) == len(self.by_hand) > 1:
            what = [f"all {len(self.by_hand)} answers", *(one for one in what if not one.startswith("by hand "))]
        return ", ".join(what[:MOST_NAMED]) + (f" and {len(what) - MOST_NAMED} more" if len(what) > MOST_NAMED else "")

    @property
    def before_penalty(self) -> float | None:
        """The points before the penalty; None while something is missing."""
        if self.missing or self.automatic is None or self.hand is None:
            return None
        return round(self.automatic + self.hand, 4)

    @property
    def penalty(self) -> float | None:
        """The penalty for lateness; None if it depends on missing points."""
        if self.lateness is None:
            return 0.0
        if self.before_penalty is not None:
            return self.lateness.penalty(self.before_penalty, problem().handout)
        return None if self.lateness.costs else 0.0

    @property
    def total(self) -> float | None:
        """The total points after the penalty; None while something is missing."""
        if self.before_penalty is None or self.penalty is None:
            return None
        return round(self.before_penalty - self.penalty, 4)

    @property
    def late(self) -> str:
        """The lateness as a sentence without a full stop; empty without rules."""
        return self.lateness.explained(self.before_penalty, problem().handout) if self.lateness else ""


@dataclass(frozen=True)
class Student:
    """A student, and the submission that counts."""

    person: Person
    total: Total

    @property
    def others(self) -> tuple[str, ...]:
        """The ids of the student's other submissions, which don't count."""
        return self.total.instead_of.get(self.person, ())


def totals(folder: Path) -> list[Total]:
    """Compute the totals of a batch from its folder.

    Raises:
        RosterError: the folder isn't that of a batch.
        LateError: the rules for late days can't be used.
        MarkError: the marks can't be read.
    """
    journal = Journal(folder)
    entries = journal.entries()
    undecided = {id: _faults(journal.report(id)) for id, entry in entries.items() if entry.status is Status.UNDECIDED}
    roster, rules = load_roster(folder), late.load(folder)
    with closing(MarkStore(folder)) as store:
        return of_class(roster, entries, store.state(), rules, undecided)


def of_class(
    roster_entries: Sequence[RosterEntry],
    entries: Mapping[str, Entry],
    marks: Marks | None = None,
    rules: late.Rules | None = None,
    undecided: Mapping[str, Iterable[str]] | None = None,
) -> list[Total]:
    """Compute the total of each submission.

    Args:
        marks: the marks by hand; None: there are none yet.
        undecided: the tests in which the grader had a fault, by submission.
    """
    tests = read_suites()
    replaced, instead_of = _twice(roster_entries)
    found = []
    for roster_entry in roster_entries:
        entry = entries.get(roster_entry.id, Entry(roster_entry.id, Status.WAITING))
        overrides = marks.overrides(roster_entry.id) if marks else {}
        graded = entry.status in GRADED
        scores = {
            test.number: overrides[test.number].score if test.number in overrides else entry.scores.get(test.number, 0)
            for test in tests
        }
        changed = sum(scores[number] - entry.scores.get(number, 0.0) for number in overrides if number in scores)
        counting = [person for person in roster_entry.people if person not in replaced.get(roster_entry.id, {})]
        found.append(
            Total(
                id=roster_entry.id,
                people=roster_entry.people,
                submission=shown(roster_entry.path.name),
                status=entry.status,
                parts=_by_part(tests, scores) if graded else {},
                by_hand=marks.by_hand(roster_entry.id) if marks else {one.id: None for one in problem().question},
                changed=round(changed, 4) if graded else 0.0,
                roster_entry=roster_entry,
                lateness=late.lateness(roster_entry, rules, counting) if rules else None,
                flagged=_flagged(marks, roster_entry.id) if marks else (),
                undecided=tuple(one for one in (undecided or {}).get(roster_entry.id, ()) if one not in overrides),
                replaced=replaced.get(roster_entry.id, {}),
                instead_of=instead_of.get(roster_entry.id, {}),
            )
        )
    return found


def students(found: Iterable[Total]) -> list[Student]:
    """List each student once, with the submission that counts."""
    return [Student(person, total) for total in found for person in total.counts_for]


def parts_of(tests: Iterable[GradedTest]) -> dict[str, list[GradedTest]]:
    """Group tests by the part of the handout."""
    parts: dict[str, list[GradedTest]] = {}
    for test in tests:
        parts.setdefault(test.part, []).append(test)
    return parts


def _flagged(marks: Marks, id: str) -> tuple[str, ...]:
    found = ((question.id, marks.mark(id, question.id)) for question in problem().question)
    return tuple(question for question, mark in found if mark is not None and mark.flag)


def _by_part(tests: Iterable[GradedTest], scores: Mapping[str, float]) -> dict[str, float]:
    return {part: round(sum(scores[test.number] for test in of), 4) for part, of in parts_of(tests).items()}


def _twice(
    roster_entries: Sequence[RosterEntry],
) -> tuple[dict[str, dict[Person, str]], dict[str, dict[Person, tuple[str, ...]]]]:
    """Students with several submissions. By id: the students for whom another one counts, and the replaced submissions.

    The last submission counts. If times are missing or equal, it is the later one in the list.
    """
    known: dict[tuple[str, ...], list[tuple[RosterEntry, Person]]] = {}
    places: list[list[tuple[RosterEntry, Person]]] = []
    for roster_entry in roster_entries:
        for person in roster_entry.people:
            keys = _keys(person)
            place = next((known[key] for key in keys if key in known), None)
            if place is None:
                places.append(place := [])
            known.update(dict.fromkeys(keys, place))
            place.append((roster_entry, person))
    replaced: dict[str, dict[Person, str]] = {}
    instead_of: dict[str, dict[Person, tuple[str, ...]]] = {}
    for where in places:
        if len(where) < 2:
            continue
        times = [roster_entry.created_at for roster_entry, _ in where if roster_entry.created_at]
        latest = max(times) if len(times) == len(where) else None
        last, who = [place for place in where if latest in (None, place[0].created_at)][-1]
        for roster_entry, person in where:
            if roster_entry.id != last.id:
                replaced.setdefault(roster_entry.id, {})[person] = last.id
        others = tuple(dict.fromkeys(roster_entry.id for roster_entry, _ in where if roster_entry.id != last.id))
        instead_of.setdefault(last.id, {})[who] = others
    return replaced, instead_of


def _keys(person: Person) -> list[tuple[str, ...]]:
    """Keys by which two entries belong to one student: the address, or the number with the name.

    A number alone isn't enough, since courses write placeholders into that column. A name alone never is.
    """
    keys: list[tuple[str, ...]] = [("email", person.email.casefold())] if person.email else []
    return [*keys, ("sid", person.sid, person.name.casefold())] if person.sid else keys


def _faults(report: Path) -> tuple[str, ...]:
    """The tests of a report in which the grader had a fault."""
    try:
        tests = json.loads(read_bytes(report, MAX_REPORT))["tests"]
        return tuple(str(test["number"]) for test in tests if test.get("extra_data", {}).get("fault"))
    except (UnreadableError, ValueError, TypeError, KeyError, AttributeError):
        return ("unknown",)
