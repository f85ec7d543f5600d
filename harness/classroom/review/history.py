"""Events as readable lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from harness.classroom.marking import Event, Item, Kind, Saved
from harness.classroom.marking.events import Decision, Payload, Request, Score, Undone
from harness.problem import Question
from harness.reports.text import points

__all__ = ["Line", "lines"]


@dataclass(frozen=True)
class Line:
    """One event as text."""

    at: datetime
    who: str
    what: str
    details: str
    reason: str


def lines(events: Iterable[Event], questions: Mapping[str, Question], submission: str) -> list[Line]:
    """The events of a submission for its history, newest first.

    Args:
        events: all events, since those of the rubric say what an item was worth at the time.
    """
    found = []
    worth = {
        f"{question.id}/{number}": item.points
        for question in questions.values()
        for number, item in enumerate(question.items, 1)
    }
    for event in events:
        if isinstance(event.new, Item):
            worth[event.new.id] = 0.0 if event.new.removed else event.new.points
        if event.submission == submission and event.kind is not Kind.CLAIM:
            question = questions.get(event.question)
            details = _details(event, worth, float(question.points) if question is not None else 0.0)
            found.append(Line(event.at, event.who, _what(event), details, event.reason))
    return found[::-1]


def _what(event: Event) -> str:
    place = f" {event.question}" if event.question else ""
    if isinstance(event.new, Undone):
        return f"{event.new.kind.value}{place} taken back"
    return f"{event.kind.value}{place}"


def _details(event: Event, worth: Mapping[str, float], most: float) -> str:
    if isinstance(event.new, Undone):
        return ""
    before, after = _content(event.old, worth, most), _content(event.new, worth, most)
    if event.old is not None and event.kind in (Kind.MARK, Kind.SECOND, Kind.OVERRIDE, Kind.ITEM):
        return f"{before} → {after or 'as the grader has it'}"
    return after


def _points(value: float) -> str:
    return f"{points(value)} {'point' if value == 1 else 'points'}"


def _items(saved: Saved) -> str:
    numbers = [id.rpartition("/")[2] for id in saved.items]
    if not numbers:
        return "no item"
    return f"{'item' if len(numbers) == 1 else 'items'} {', '.join(numbers)}"


def _content(payload: Payload | None, worth: Mapping[str, float], most: float) -> str:
    match payload:
        case Saved():
            given = sum(worth.get(id, 0.0) for id in payload.items) + payload.adjustment
            parts = [f"{_points(max(0.0, min(given, most)))}: {_items(payload)}"]
            if payload.adjustment:
                parts.append(f"{payload.adjustment:+g} ({payload.adjustment_reason})")
            parts += [f"“{payload.comment}”"] if payload.comment else []
            parts += ["flagged"] if payload.flag else []
            return ", ".join(parts)
        case Score(score=score):
            return _points(score)
        case Item():
            return f"{payload.points:+g} {payload.text}{' (removed)' if payload.removed else ''}"
        case Request(text=text):
            return f"“{text}”"
        case Decision(outcome=outcome):
            return f"mark {outcome}"
        case _:
            return ""
