"""Marks by hand: an append-only table of events, and the state that follows from it."""

from harness.classroom.marking.events import Event, Item, Kind, Saved
from harness.classroom.marking.marks import Change, Mark, Marks, Override, Regrade
from harness.classroom.marking.store import Conflict, MarkError, MarkStore, ReasonMissing

__all__ = [
    "Change",
    "Conflict",
    "Event",
    "Item",
    "Kind",
    "Mark",
    "MarkError",
    "MarkStore",
    "Marks",
    "Override",
    "ReasonMissing",
    "Regrade",
    "Saved",
]
