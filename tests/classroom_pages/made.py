"""Folders of batches that are made by hand: nothing is graded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from harness.catalog import read_suites
from harness.classroom.journal import Entry, Header, Journal, Status
from harness.classroom.roster import Person, RosterEntry, write_roster
from harness.gradebook import State

__all__ = ["batch", "entry", "roster_entry"]

HOSTILE = "<script>alert(1)</script>=\x1b[31m\u202e"


def entry(id: str, status: Status = Status.GRADED, lost: dict[str, float] | None = None, **other: Any) -> Entry:
    """A grading that has all points, but for those that were lost by the test's number."""
    lost = lost or {}
    scores = {test.number: test.points - lost.get(test.number, 0.0) for test in read_suites()}
    states = {
        test.number: State.PASSED
        if not lost.get(test.number)
        else State.FAILED
        if not scores[test.number]
        else State.PARTIAL
        for test in read_suites()
    }
    made = Entry(id, status, "key", "", scores, states, "code", 1.0, "files", "grader", 1)
    return msgspec.structs.replace(made, **other)


def roster_entry(id: str, *names: str, **other: Any) -> RosterEntry:
    people = tuple(Person(name, f"sid-{name}", f"{name}@example.edu") for name in names or (id,))
    return RosterEntry(id, Path(id), people, **other)


def batch(folder: Path, *entries: Entry, roster_entries: tuple[RosterEntry, ...] | None = None) -> Path:
    """A folder with these gradings, in their order."""
    journal = Journal(folder)
    journal.begin(Header(1, "class"))
    for one in entries:
        journal.add(one, "{}", "<p>", {"training.py": b"x"})
    ids = dict.fromkeys(one.id for one in entries)
    write_roster(folder, roster_entries if roster_entries is not None else tuple(roster_entry(id) for id in ids))
    return folder
