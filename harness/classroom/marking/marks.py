"""The state of marking, computed from the events by pure functions. Further events can be added at any time."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from harness.classroom.marking.events import (
    Decision,
    Event,
    Item,
    Kind,
    Lease,
    Request,
    Sample,
    Saved,
    Score,
    Share,
    Snippet,
    Undone,
)
from harness.problem import Question

__all__ = ["Change", "Chosen", "Claim", "Key", "Mark", "Marks", "Override", "Regrade", "key_of", "seeded"]

Key = tuple[Kind, str, str]
"""A value that can be changed: its kind, the submission (an item's question), and the question (the item, the test)."""


@dataclass(frozen=True)
class Chosen:
    """A chosen item of the rubric, as the student may read it."""

    id: str
    points: float
    text: str


@dataclass(frozen=True)
class Mark:
    """The mark of one answer."""

    items: tuple[Chosen, ...]
    adjustment: float
    adjustment_reason: str
    comment: str
    flag: bool
    digest: str
    points: float
    """The sum of items and adjustment, limited to the range from zero to the question's points."""
    by: str
    at: datetime
    version: int
    """The id of the event that set this mark. A save names the version that was read."""


@dataclass(frozen=True)
class Override:
    """A score for an automatic test, given by hand."""

    score: float
    reason: str
    by: str
    at: datetime
    version: int


@dataclass(frozen=True)
class Claim:
    """A marker's claim on an answer."""

    by: str
    until: datetime


@dataclass(frozen=True)
class Regrade:
    """A regrade request with its decision."""

    id: int
    submission: str
    question: str
    text: str
    at: datetime
    before: float | None
    """The points at the time of the request."""
    outcome: str = ""
    """The decision: ``kept`` or ``changed``; empty while the request is open."""
    reason: str = ""
    by: str = ""
    decided_at: datetime | None = None


@dataclass(frozen=True)
class Change:
    """A change after the marks were published."""

    submission: str
    question: str
    """The question's id, or the number of a test whose score was overridden."""
    before: float | None
    """The points before; None if there were none, or if the automatic score counted."""
    after: float | None
    reason: str
    by: str
    at: datetime


@dataclass
class _State:
    """The state that is updated with each event."""

    last: int = 0
    values: dict[Key, tuple[Event, ...]] = field(default_factory=dict)
    """The events of each value; the last one counts. Undoing removes it."""
    versions: dict[Key, int] = field(default_factory=dict)
    """The id of the last event of each value, including undoings."""
    rubric: dict[str, tuple[str, ...]] = field(default_factory=dict)
    claims: dict[tuple[str, str], Claim] = field(default_factory=dict)
    revealed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    regrades: dict[int, Regrade] = field(default_factory=dict)
    snippets: dict[int, tuple[str, str]] = field(default_factory=dict)
    shares: dict[str, tuple[str, ...]] = field(default_factory=dict)
    percent: float = 0.0
    published_at: datetime | None = None
    changes: tuple[Change, ...] = ()

    def copy(self) -> _State:
        made = copy.copy(self)
        for name in ("values", "versions", "rubric", "claims", "revealed", "regrades", "snippets", "shares"):
            setattr(made, name, dict(getattr(self, name)))
        return made


def key_of(event: Event) -> Key | None:
    """The key of the value that an event changes; None for events that can't be undone."""
    kind = event.new.kind if isinstance(event.new, Undone) else event.kind
    if kind is Kind.ITEM:
        item = event.new if isinstance(event.new, Item) else event.old
        return (kind, event.question, item.id) if isinstance(item, Item) else None
    if kind in (Kind.MARK, Kind.SECOND, Kind.OVERRIDE):
        return (kind, event.submission, event.question)
    return None


def seeded(questions: Iterable[Question]) -> list[tuple[str, Item]]:
    """The manifest's rubric, by question."""
    return [
        (question.id, Item(f"{question.id}/{number}", item.points, item.text, item.note))
        for question in questions
        for number, item in enumerate(question.items, 1)
    ]


class Marks:
    """An immutable view of the state. Further events make a new one."""

    def __init__(self, questions: Mapping[str, Question], state: _State | None = None) -> None:
        self.questions = questions
        self._state = state or _State()

    # ---- taking events in --------------------------------------------------------------------------------------

    def after(self, events: Iterable[Event]) -> Marks:
        """The state after these further events, in their order."""
        marks = Marks(self.questions, self._state.copy())
        for event in events:
            marks._take(event)
        return marks

    def _take(self, event: Event) -> None:
        state = self._state
        state.last = event.id
        key = key_of(event)
        if key is not None:
            self._change(event, key)
            return
        place = event.submission, event.question
        match event.kind, event.new:
            case Kind.CLAIM, Lease(until=until):
                state.claims[place] = Claim(event.who, until)
            case Kind.CLAIM, None:
                state.claims.pop(place, None)
            case Kind.REVEAL, _:
                state.revealed[event.submission] = (*state.revealed.get(event.submission, ()), event.who)
            case Kind.REQUEST, Request(text=text):
                before = self.points(*place)
                state.regrades[event.id] = Regrade(event.id, *place, text, event.at, before)
            case Kind.DECISION, Decision(request=request, outcome=outcome) if request in state.regrades:
                state.regrades[request] = replace(
                    state.regrades[request], outcome=outcome, reason=event.reason, by=event.who, decided_at=event.at
                )
            case Kind.PUBLISH, _:
                state.published_at = state.published_at or event.at
            case Kind.SNIPPET, Snippet(text=text):
                state.snippets[event.id] = (event.question, text)
            case Kind.SNIPPET, Undone(event=former):
                state.snippets.pop(former, None)
            case Kind.SHARE, Share(markers=markers):
                state.shares[event.question] = markers
            case Kind.SAMPLE, Sample(percent=percent):
                state.percent = percent

    def _change(self, event: Event, key: Key) -> None:
        """Apply an event that changes a value."""
        state = self._state
        places = self._places(key) if self.is_locked(key) else []
        before = [self._points_of(place) for place in places]
        former = state.values.get(key, ())
        state.values[key] = former[:-1] if event.kind is Kind.UNDO else (*former, event)
        state.versions[key] = event.id
        if key[0] is Kind.ITEM and key[2] not in state.rubric.get(key[1], ()):
            state.rubric[key[1]] = (*state.rubric.get(key[1], ()), key[2])
        if key[0] in (Kind.MARK, Kind.SECOND):
            claim = state.claims.get(key[1:])
            if claim is not None and claim.by == event.who:
                del state.claims[key[1:]]
        for place, points in zip(places, before, strict=True):
            after = self._points_of(place)
            if after != points or key[0] is not Kind.ITEM:
                change = Change(place[1], place[2], points, after, event.reason, event.who, event.at)
                state.changes = (*state.changes, change)

    def _places(self, key: Key) -> list[Key]:
        """The marks and overrides that a change of this value may change."""
        if key[0] is Kind.ITEM:
            return [(Kind.MARK, submission, key[1]) for submission in self.affected(key[1], key[2])]
        return [key] if key[0] in (Kind.MARK, Kind.OVERRIDE) else []

    def _points_of(self, key: Key) -> float | None:
        if key[0] is Kind.OVERRIDE:
            override = self.override(key[1], key[2])
            return override.score if override else None
        return self.points(key[1], key[2])

    # ---- marks -------------------------------------------------------------------------------------------------

    @property
    def last(self) -> int:
        """The id of the last event."""
        return self._state.last

    def current(self, key: Key) -> Event | None:
        """The event that set a value, or None."""
        events = self._state.values.get(key, ())
        return events[-1] if events else None

    def version(self, key: Key) -> int:
        """The id of the last event of a value; 0 if there was none."""
        return self._state.versions.get(key, 0)

    def mark(self, submission: str, question: str, second: bool = False) -> Mark | None:
        """The mark of an answer; None if it isn't marked yet.

        Args:
            second: return the second marker's mark, which only counts for the agreement.
        """
        key = (Kind.SECOND if second else Kind.MARK, submission, question)
        event = self.current(key)
        if event is None or not isinstance(event.new, Saved):
            return None
        saved = event.new
        chosen = [Chosen(item.id, item.points, item.text) for item in self.rubric(question) if item.id in saved.items]
        return Mark(
            tuple(chosen),
            saved.adjustment,
            saved.adjustment_reason,
            saved.comment,
            saved.flag,
            saved.digest,
            self._sum(question, [item.points for item in chosen], saved.adjustment),
            event.who,
            event.at,
            self.version(key),
        )

    def _sum(self, question: str, items: Sequence[float], adjustment: float) -> float:
        known = self.questions.get(question)
        total = round(sum(items) + adjustment, 4)
        return max(0.0, total if known is None else min(total, float(known.points)))

    def points(self, submission: str, question: str) -> float | None:
        """The points of an answer; None if it isn't marked yet."""
        mark = self.mark(submission, question)
        return None if mark is None else mark.points

    def by_hand(self, submission: str) -> dict[str, float | None]:
        """The points of all questions by the question's id."""
        return {question: self.points(submission, question) for question in self.questions}

    def marked(self, question: str) -> list[str]:
        """The submissions whose answer to this question is marked."""
        return [
            key[1]
            for key, events in self._state.values.items()
            if events and key[0] is Kind.MARK and key[2] == question
        ]

    def override(self, submission: str, test: str) -> Override | None:
        """The score that overrides a test's, or None."""
        key = (Kind.OVERRIDE, submission, test)
        event = self.current(key)
        if event is None or not isinstance(event.new, Score):
            return None
        return Override(event.new.score, event.reason, event.who, event.at, self.version(key))

    def overrides(self, submission: str) -> dict[str, Override]:
        """The overriding scores by the number of the test."""
        tests = [key[2] for key in self._state.values if key[:2] == (Kind.OVERRIDE, submission)]
        found = {test: self.override(submission, test) for test in tests}
        return {test: override for test, override in sorted(found.items()) if override is not None}

    # ---- rubric ------------------------------------------------------------------------------------------------

    def rubric(self, question: str) -> list[Item]:
        """A question's items, in their order, without the removed ones."""
        found = (self.item(question, id) for id in self._state.rubric.get(question, ()))
        return [item for item in found if item is not None and not item.removed]

    def item(self, question: str, id: str) -> Item | None:
        """An item of the rubric, even if it was removed."""
        event = self.current((Kind.ITEM, question, id))
        return event.new if event is not None and isinstance(event.new, Item) else None

    def new_item_id(self, question: str) -> str:
        """An id that no item of this question has had."""
        return f"{question}/{len(self._state.rubric.get(question, ())) + 1}"

    def affected(self, question: str, item: str) -> list[str]:
        """The submissions for which an item was chosen."""
        found = []
        for key, events in self._state.values.items():
            if key[0] is Kind.MARK and key[2] == question and events:
                saved = events[-1].new
                if isinstance(saved, Saved) and item in saved.items:
                    found.append(key[1])
        return found

    def without_rubric(self) -> list[Question]:
        """The questions whose rubric was not recorded yet."""
        return [question for id, question in self.questions.items() if id not in self._state.rubric]

    # ---- the rest ----------------------------------------------------------------------------------------------

    @property
    def published_at(self) -> datetime | None:
        """The time of publication, after which each change needs a reason; None before."""
        return self._state.published_at

    def is_locked(self, key: Key) -> bool:
        """Whether a change of this value needs a reason and is listed.

        After publication every change does, except an answer's first mark and the marks of second markers.
        """
        first = key[0] is Kind.MARK and self.version(key) == 0
        return self.published_at is not None and key[0] is not Kind.SECOND and not first

    def changes_since_publication(self, submission: str | None = None) -> list[Change]:
        """The changes after publication, for one submission or for all."""
        return [change for change in self._state.changes if submission in (None, change.submission)]

    def regrades(self, submission: str | None = None) -> list[Regrade]:
        """The regrade requests of one submission or of all."""
        return [one for one in self._state.regrades.values() if submission in (None, one.submission)]

    def claim(self, submission: str, question: str, now: datetime) -> Claim | None:
        """The current claim on an answer, until its lease ends, or None."""
        claim = self._state.claims.get((submission, question))
        return claim if claim is not None and claim.until > now else None

    def revealed(self, submission: str) -> tuple[str, ...]:
        """The markers who have revealed the names of a submission."""
        return self._state.revealed.get(submission, ())

    def snippets(self, question: str) -> dict[int, str]:
        """The saved comments of a question, by the id of their event."""
        return {id: text for id, (of, text) in self._state.snippets.items() if of == question}

    def share(self, question: str) -> tuple[str, ...]:
        """The markers of a question; empty: all of them."""
        return self._state.shares.get(question, ())

    @property
    def second_percent(self) -> float:
        """The percentage of answers that a second marker marks too."""
        return self._state.percent
