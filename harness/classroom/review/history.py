"""Events as people read them."""

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
    """One event."""

    at: datetime
    who: str
    what: str
    details: str
    reason: str


def lines(events: Iterable[Event], questions: Mapping[str, Question]) -> list[Line]:
    """The events that somebody may want to read, the last one first."""
    found = [
        Line(event.at, event.who, _what(event), _details(event, questions), event.reason)
        for event in events
        if event.kind is not Kind.CLAIM
    ]
    return found[::-1]


def _what(event: Event) -> str:
    place = f" {event.question}" if event.question else ""
    if isinstance(event.new, Undone):
        return f"{event.new.kind.value}{place} taken back"
    return f"{event.kind.value}{place}"


def _details(event: Event, questions: Mapping[str, Question]) -> str:
    if isinstance(event.new, Undone):
        return ""
    before, after = _content(event.old), _content(event.new)
    if event.old is not None and event.kind in (Kind.MARK, Kind.SECOND, Kind.OVERRIDE, Kind.ITEM):
        return f"{before} → {after or 'as the grader has it'}"
    return after


def _content(payload: Payload | None) -> str:
    match payload:
        case Saved():
            parts = [f"items {', '.join(id.rpartition('/')[2] for id in payload.items) or 'none'}"]
            if payload.adjustment:
                parts.append(f"{payload.adjustment:+g} ({payload.adjustment_reason})")
            parts += [f"“{payload.comment}”"] if payload.comment else []
            parts += ["flagged"] if payload.flag else []
            return ", ".join(parts)
        case Score(score=score):
            return f"{points(score)} points"
        case Item():
            return f"{payload.points:+g} {payload.text}{' (removed)' if payload.removed else ''}"
        case Request(text=text):
            return f"“{text}”"
        case Decision(outcome=outcome):
            return f"mark {outcome}"
        case _:
            return ""
