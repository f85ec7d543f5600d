"""The events of marking a class: one record for each event, with its payload."""

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
"""The name of the author of events that record the manifest's rubric."""


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
    """The points that the item adds or, below zero, subtracts."""
    text: str
    """The sentence that a student reads."""
    note: str = ""
    """A note for markers, which students never see."""
    removed: bool = False
    """The item is removed and no longer counts for anybody."""


class Saved(msgspec.Struct, frozen=True, tag="mark"):
    """A saved mark."""

    items: tuple[str, ...] = ()
    """The ids of the chosen items."""
    adjustment: float = 0.0
    adjustment_reason: str = ""
    comment: str = ""
    """The text that the student reads."""
    flag: bool = False
    """The marker wants somebody to check the mark."""
    digest: str = ""
    """A digest of the marked answer, by which later changes are detected."""


class Score(msgspec.Struct, frozen=True, tag="override"):
    """A score for an automatic test, given by hand. The event's question is the number of the test."""

    score: float


class Lease(msgspec.Struct, frozen=True, tag="claim"):
    """A marker's claim on an answer. An event without a lease releases the answer."""

    until: datetime


class Request(msgspec.Struct, frozen=True, tag="request"):
    """A student's regrade request."""

    text: str


class Decision(msgspec.Struct, frozen=True, tag="decision"):
    """The decision on a regrade request."""

    request: int
    """The id of the request's event."""
    outcome: Literal["kept", "changed"]


class Snippet(msgspec.Struct, frozen=True, tag="snippet"):
    """A saved comment for later use. Without text it is removed."""

    text: str = ""


class Share(msgspec.Struct, frozen=True, tag="share"):
    """The markers of a question. Empty: anybody."""

    markers: tuple[str, ...] = ()


class Sample(msgspec.Struct, frozen=True, tag="sample"):
    """The percentage of answers that a second marker marks too."""

    percent: float


class Undone(msgspec.Struct, frozen=True, tag="undo"):
    """The undoing of an event."""

    event: int
    kind: Kind


Payload = Item | Saved | Score | Lease | Request | Decision | Snippet | Share | Sample | Undone


class Event(msgspec.Struct, frozen=True):
    """An event, which is a row of the table. Rows are only added."""

    id: int
    at: datetime
    who: str
    kind: Kind
    submission: str = ""
    question: str = ""
    """The question's id, or the test's number if an automatic score is overridden."""
    old: Payload | None = None
    """The value before, if there was one."""
    new: Payload | None = None
    """The new value; None if it is removed."""
    reason: str = ""


_decoder = msgspec.json.Decoder(Payload)


def encode(payload: Payload | None) -> str | None:
    """A payload as JSON."""
    return None if payload is None else msgspec.json.encode(payload).decode()


def decode(text: str | None) -> Payload | None:
    """A payload from its JSON text.

    Raises:
        msgspec.MsgspecError: the text isn't a payload.
    """
    found: Payload | None = None if text is None else _decoder.decode(text)
    return found


def digest(*parts: bytes) -> str:
    """A digest of marked content: the text of an answer, or its figures."""
    found = hashlib.sha256()
    for part in parts:
        found.update(hashlib.sha256(part).digest())
    return found.hexdigest()[:24]
