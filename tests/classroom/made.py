"""Folders of a batch, made by hand: what tables, rules and files for other systems need, without any grading."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path

from harness.catalog import read_suites
from harness.classroom.journal import Entry, Header, Journal, Status
from harness.classroom.marking import MarkStore, Saved
from harness.classroom.roster import Person, RosterEntry, write_roster
from harness.gradebook import Gradebook, Outcome, State
from harness.problem import problem
from harness.reports import gradescope

__all__ = ["DUE", "ada", "entry", "mark_all", "person", "read_csv", "roster_entry", "write_batch"]

DUE = datetime(2025, 10, 3, 23, 59, tzinfo=timezone(timedelta(hours=-4)))


def person(name: str, sid: str = "", email: str = "") -> Person:
    """A student with an address of their own."""
    return Person(name, sid, email or f"{name.split()[0].lower()}@example.edu")


ada = person("Ada Lovelace", "0815")


def roster_entry(id: str, *people: Person, late_by: timedelta | None = timedelta(hours=-1)) -> RosterEntry:
    """A submission that came so much after the due time."""
    return RosterEntry(id, Path(id), people or (person(id),), None if late_by is None else DUE + late_by)


def gradebook(name: str, share: float = 1.0, lost: Iterable[str] = (), said: str = "") -> Gradebook:
    """A gradebook in which each test has this share of its points, and these tests have none."""
    made = Gradebook(name, 1)
    lost = set(lost)
    for test in made.tests:
        score = 0.0 if test.number in lost else share * test.points
        state = State.PASSED if score == test.points else State.PARTIAL if score else State.FAILED
        made.record(test.number, Outcome(state, score, finding=said if test.number in lost else ""))
    return made


def entry(id: str, share: float = 1.0, status: Status = Status.GRADED) -> Entry:
    """A line of the journal."""
    return Entry(id, status, scores={test.number: share * test.points for test in read_suites()})


def write_batch(
    folder: Path, roster_entries: Iterable[RosterEntry], books: Mapping[str, Gradebook | Entry] | None = None
) -> Path:
    """A batch's folder in which all have full points, or what these gradebooks and lines say."""
    roster_entries = tuple(roster_entries)
    journal = Journal(folder)
    journal.begin(Header(1, "class"))
    write_roster(folder, roster_entries)
    for one in roster_entries:
        book = (books or {}).get(one.id) or gradebook(one.name)
        if isinstance(book, Entry):
            line, book = book, gradebook(one.name)
        else:
            results = book.results
            scores = {test.number: outcome.score for test, outcome in results}
            states = {test.number: outcome.state for test, outcome in results}
            line = Entry(one.id, Status.GRADED, scores=scores, states=states)
        journal.add(line, json.dumps(gradescope.render(book)), "<p>", {})
    return folder


def mark_all(folder: Path, ids: Iterable[str], without: Iterable[str] = ()) -> float:
    """Give each answer the points of the rubric's first item; the points of one submission."""
    ids, without = list(ids), set(without)
    with closing(MarkStore(folder)) as store:
        for question in problem().question:
            if question.id not in without:
                first = Saved((store.state().rubric(question.id)[0].id,))
                store.save_all("Grace", question.id, dict.fromkeys(ids, first))
        return sum(points or 0.0 for points in store.state().by_hand(ids[0]).values())


def read_csv(text: str) -> list[dict[str, str]]:
    """The rows of a table."""
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
