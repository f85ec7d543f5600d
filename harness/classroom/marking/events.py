"""What happens while a class is marked: one record for each event, and what it carries."""

from __future__ import annotations

import hashlib
from datetime import datetime
from enum import Enum
from typing import Literal

import msgspec

__all__ = [
    "SEED",
    "Decision",
    "Event",
    "Item",
    "Kind",
    "Lease",
    "Payload",
    "Request",
    "Sample",
    "Saved",
    "Score",
    "Share",
    "Snippet",
    "Undone",
    "decode",
    "digest",
    "encode",
]

SEED = "problem set"
"""The name under which the rubric of the manifest is written down."""


class Kind(str, Enum):
    """A kind of event."""

    ITEM = "rubric item"
    MARK = "mark"
    SECOND = "second mark"
    CLAIM = "claim"
    REVEAL = "name shown"
    OVERRIDE = "override"
    REQUEST = "regrade request"
    DECISION = "regrade outcome"
    PUBLISH = "published"
    SNIPPET = "snippet"
    SHARE = "share"
    SAMPLE = "sample"
    UNDO = "undo"


class Item(msgspec.Struct, frozen=True, tag="item"):
    """A line of a question's rubric."""

    id: str
    points: float
    """The points that it gives or, below zero, takes away."""
    text: str
    """The sentence that a student reads."""
    note: str = ""
    """A note for markers, which students never see."""
    removed: bool = False
    """A removed item counts no more for anybody."""


class Saved(msgspec.Struct, frozen=True, tag="mark"):
    """A mark as it was saved."""

    items: tuple[str, ...] = ()
    """The ids of the chosen items."""
    adjustment: float = 0.0
    adjustment_reason: str = ""
    comment: str = ""
    """The text that the student reads."""
    flag: bool = False
    """The marker wants somebody to look again."""
    digest: str = ""
    """A digest of what was marked, so that a later change shows."""


class Score(msgspec.Struct, frozen=True, tag="override"):
    """The score of an automatic test, given by hand. The event's question is the number of the test."""

    score: float


class Lease(msgspec.Struct, frozen=True, tag="claim"):
    """A marker has an answer before them. An event without one gives the answer back."""

    until: datetime


class Request(msgspec.Struct, frozen=True, tag="request"):
    """What a student asks to have looked at again."""

    text: str


class Decision(msgspec.Struct, frozen=True, tag="decision"):
    """What became of a request."""

    request: int
    """The id of the request's event."""
    outcome: Literal["kept", "changed"]


class Snippet(msgspec.Struct, frozen=True, tag="snippet"):
    """A comment that is kept for further use. Without text it is removed."""

    text: str = ""


class Share(msgspec.Struct, frozen=True, tag="share"):
    """Who marks a question; nobody in particular if it is empty."""

    markers: tuple[str, ...] = ()


class Sample(msgspec.Struct, frozen=True, tag="sample"):
    """The share of answers that a second marker marks too."""

    percent: float


class Undone(msgspec.Struct, frozen=True, tag="undo"):
    """An event that is taken back."""

    event: int
    kind: Kind


Payload = Item | Saved | Score | Lease | Request | Decision | Snippet | Share | Sample | Undone


class Event(msgspec.Struct, frozen=True):
    """A line of the table. Lines are only added."""

    id: int
    at: datetime
    who: str
    kind: Kind
    submission: str = ""
    question: str = ""
    """The question's id; the number of a test where an automatic score is overridden."""
    old: Payload | None = None
    """The value before, where there was one."""
    new: Payload | None = None
    """The value from now on; none where it is taken away."""
    reason: str = ""


_decoder = msgspec.json.Decoder(Payload)


def encode(payload: Payload | None) -> str | None:
    """A payload as JSON."""
    return None if payload is None else msgspec.json.encode(payload).decode()


def decode(text: str | None) -> Payload | None:
    """A payload of the table.

    Raises:
        msgspec.MsgspecError: it is none.
    """
    found: Payload | None = None if text is None else _decoder.decode(text)
    return found


def digest(*parts: bytes) -> str:
    """A digest of what is marked: the text of an answer, or its figures."""
    found = hashlib.sha256()
    for part in parts:
        found.update(hashlib.sha256(part).digest())
    return found.hexdigest()[:24]
