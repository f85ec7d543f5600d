"""Folders of batches that are made by hand: nothing is graded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from harness.catalog import read_suites
from harness.classroom.journal import Entry, Header, Journal, Status
from harness.classroom.roster import HandIn, Person, write_roster
from harness.gradebook import State

__all__ = ["batch", "entry", "hand_in"]

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


def hand_in(id: str, *names: str, **other: Any) -> HandIn:
    people = tuple(Person(name, f"sid-{name}", f"{name}@example.edu") for name in names or (id,))
    return HandIn(id, Path(id), people, **other)


def batch(folder: Path, *entries: Entry, hand_ins: tuple[HandIn, ...] | None = None) -> Path:
    """A folder with these gradings, in their order."""
    journal = Journal(folder)
    journal.begin(Header(1, "class"))
    for one in entries:
        journal.add(one, "{}", "<p>", {"training.py": b"x"})
    ids = dict.fromkeys(one.id for one in entries)
    write_roster(folder, hand_ins if hand_ins is not None else tuple(hand_in(id) for id in ids))
    return folder
