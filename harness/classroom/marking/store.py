"""The marks in the folder of a batch. Each action of a marker is one transaction that adds events."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Literal

from harness.classroom.marking.database import EventTable, MarkError
from harness.classroom.marking.events import (
    SEED,
    Decision,
    Event,
    Item,
    Kind,
    Lease,
    Payload,
    Request,
    Sample,
    Saved,
    Score,
    Share,
    Snippet,
    Undone,
)
from harness.classroom.marking.marks import Claim, Key, Mark, Marks, key_of, seeded
from harness.numbers import is_test
from harness.problem import Question, problem

__all__ = ["FILE", "LEASE", "Conflict", "MarkError", "MarkStore", "ReasonMissing"]

FILE = "marks.sqlite"
LEASE = timedelta(minutes=10)
"""The time for which a claim on an answer lasts."""
MAX_TEXT = 10_000
"""The most characters of a text that is saved."""


class ReasonMissing(MarkError):
    """The marks are published, and no reason was given."""


class Conflict(MarkError):
    """Somebody else has changed the value since it was read."""

    def __init__(self, theirs: Event | None, version: int) -> None:
        who = theirs.who if theirs else "Somebody"
        super().__init__(f"{who} has changed this since you opened it: look at both versions, and save one of them.")
        self.theirs = theirs
        """The event that counts now; None if it was undone."""
        self.version = version


class MarkStore:
    """The marks of a batch. The first write creates the file."""

    def __init__(
        self,
        folder: Path,
        questions: Iterable[Question] | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        """
        Args:
            questions: the questions; by default those of this problem set.
            clock: a function for the time in UTC, for tests.
        """
        self.path = folder / FILE
        self._table = EventTable(self.path)
        self._questions = {one.id: one for one in (problem().question if questions is None else questions)}
        self._now = clock or (lambda: datetime.now(timezone.utc))
        self._lock = threading.RLock()
        self._marks = Marks(self._questions)

    # ---- reading -----------------------------------------------------------------------------------------------

    def state(self) -> Marks:
        """The state after all events. A folder without marks has only the rubric."""
        with self._lock:
            if self._table.exists:
                self._catch_up()
            return self._with_seed(self._marks)

    def events(self, submission: str | None = None, question: str | None = None) -> list[Event]:
        """All events, or those of a submission or a question, oldest first."""
        wanted = {"submission": submission, "question": question}
        given = {name: value for name, value in wanted.items() if value is not None}
        with self._lock:
            where = " AND ".join(f"{name} = :{name}" for name in given)
            return list(self._table.read(where or "1", given)) if self._table.exists else []

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._table.close()

    # ---- marking -----------------------------------------------------------------------------------------------

    def save(
        self,
        who: str,
        submission: str,
        question: str,
        saved: Saved,
        version: int,
        reason: str = "",
        second: bool = False,
    ) -> Mark:
        """Save a mark. It is on the disk when the function returns.

        Args:
            version: the version of the mark that was read; 0 if there was none.
            second: save the mark as the second marker's.

        Raises:
            Conflict: somebody else has saved a mark since.
            ReasonMissing: the marks are published, and a saved one is changed without a reason.
            MarkError: the mark isn't valid for this question.
        """
        key = (Kind.SECOND if second else Kind.MARK, submission, question)
        with self._writing() as marks:
            self._check(marks, question, saved)
            _current(marks, key, version)
            _demand_reason(marks, key, reason)
            marks = self._add(key[0], who, submission, question, _content(marks, key), saved, reason)
        mark = marks.mark(submission, question, second)
        assert mark is not None
        return mark

    def save_all(self, who: str, question: str, saved: dict[str, Saved], reason: str = "") -> list[str]:
        """Save marks for answers without one in a single transaction. Return the submissions whose mark was saved."""
        done = []
        with self._writing() as marks:
            for submission, one in saved.items():
                self._check(marks, question, one)
                if marks.mark(submission, question) is None:
                    _demand_reason(marks, (Kind.MARK, submission, question), reason)
                    self._add(Kind.MARK, who, submission, question, None, one, reason)
                    done.append(submission)
        return done

    def claim(self, who: str, submission: str, question: str, take_over: bool = False) -> Claim:
        """Claim an answer for ten minutes. An existing claim stays, unless ``take_over`` is set."""
        with self._writing(lasting=False) as marks:
            now = self._now()
            held = marks.claim(submission, question, now)
            if held is not None and held.by != who and not take_over:
                return held
            if held is None or held.by != who or held.until - now < LEASE / 2:
                lease = Lease(now + LEASE)
                self._add(Kind.CLAIM, who, submission, question, None, lease, "")
                return Claim(who, lease.until)
            return held

    def release(self, who: str, submission: str, question: str) -> None:
        """Release a claimed answer."""
        with self._writing(lasting=False) as marks:
            held = marks.claim(submission, question, self._now())
            if held is not None and held.by == who:
                self._add(Kind.CLAIM, who, submission, question, Lease(held.until), None, "")

    def undo(self, who: str, event: int, reason: str = "") -> Event:
        """Undo one's own last save of a value, if nobody has saved it since. Return the undone event.

        Raises:
            MarkError: the event can't be undone.
        """
        with self._writing() as marks:
            found = next(self._table.read("id = :id", {"id": event}), None)
            key = key_of(found) if found is not None else None
            if found is None or key is None or found.kind is Kind.UNDO or found.who != who:
                raise MarkError("You can take back only what you have saved yourself.")
            top = marks.current(key)
            if top is None or top.id != found.id:
                raise MarkError("This was changed or taken back since: open it, and save the right version.")
            _demand_reason(marks, key, reason)
            undone = Undone(found.id, found.kind)
            self._add(Kind.UNDO, who, found.submission, found.question, found.new, undone, reason)
            return found

    def last_undoable(self, who: str) -> Event | None:
        """The last event of a marker that can be undone, or None."""
        with self._lock:
            if not self._table.exists:
                return None
            marks = self.state()
            where = "who = :who AND kind IN ('mark', 'second mark', 'override') ORDER BY id DESC LIMIT 30"
            for event in self._table.read(where, {"who": who}, ordered=False):
                key = key_of(event)
                top = marks.current(key) if key is not None else None
                if top is not None and top.id == event.id:
                    return event
        return None

    # ---- rubric, overrides, requests ---------------------------------------------------------------------------

    def change_item(self, who: str, question: str, item: Item, version: int, reason: str = "") -> list[str]:
        """Change an item of the rubric for everybody, or add one. Return the submissions for which it was chosen.

        Args:
            version: the version of the item that was read; 0 for a new item.

        Raises:
            Conflict: somebody has changed it since.
            ReasonMissing: the marks are published, and there is no reason.
        """
        key = (Kind.ITEM, question, item.id)
        with self._writing() as marks:
            if question not in self._questions:
                raise MarkError(f"There is no question {question}: choose one of the rubric's.")
            if not item.text.strip() or not math.isfinite(item.points) or abs(item.points) > 1000:
                raise MarkError("An item needs a text and a number of points.")
            _short(item.text, item.note)
            _current(marks, key, version)
            affected = marks.affected(question, item.id)
            if affected:
                _demand_reason(marks, key, reason)
            self._add(Kind.ITEM, who, "", question, _content(marks, key), item, reason)
            return affected

    def version_of_item(self, question: str, item: str) -> int:
        """The version that a change of the item must name."""
        return self.state().version((Kind.ITEM, question, item))

    def override(self, who: str, submission: str, test: str, score: float | None, version: int, reason: str) -> None:
        """Override the score of an automatic test. None removes the override.

        Raises:
            Conflict: somebody has changed it since.
            MarkError: there is no reason, or the score isn't valid.
        """
        key = (Kind.OVERRIDE, submission, test)
        with self._writing() as marks:
            if not reason.strip():
                raise ReasonMissing("An override needs a reason: it is shown with the score.")
            if score is not None and not (math.isfinite(score) and 0 <= score <= 1000):
                raise MarkError("A score is a number from zero to the test's points.")
            _short(reason)
            _current(marks, key, version)
            new = None if score is None else Score(score)
            self._add(Kind.OVERRIDE, who, submission, test, _content(marks, key), new, reason)

    def request(self, who: str, submission: str, question: str, text: str) -> int | None:
        """Add a regrade request about a question or a test. Return None if the same request exists already."""
        with self._writing() as marks:
            if question not in self._questions and not is_test(question):
                raise MarkError(f"There is no question {question}: write one of {', '.join(self._questions)}.")
            _short(text)
            same = (one for one in marks.regrades(submission) if (one.question, one.text) == (question, text))
            if any(same):
                return None
            return self._add(Kind.REQUEST, who, submission, question, None, Request(text), "").last

    def decide(self, who: str, request: int, outcome: Literal["kept", "changed"], reason: str) -> None:
        """Decide a regrade request.

        Raises:
            MarkError: there is no such request, it is decided already, or there is no reason.
        """
        with self._writing() as marks:
            found = next((one for one in marks.regrades() if one.id == request), None)
            if found is None or found.outcome:
                raise MarkError("This request is answered already.")
            if not reason.strip():
                raise ReasonMissing("An answer to a request needs a reason: the student reads it.")
            _short(reason)
            decision = Decision(request, outcome)
            self._add(Kind.DECISION, who, found.submission, found.question, None, decision, reason)

    # ---- the rest ----------------------------------------------------------------------------------------------

    def reveal(self, who: str, submission: str, reason: str = "") -> None:
        """Record that a marker has revealed the names of a submission."""
        with self._writing():
            self._add(Kind.REVEAL, who, submission, "", None, None, reason)

    def publish(self, who: str) -> None:
        """Publish the marks. From now on each change needs a reason and is listed; a first mark is no change.

        Raises:
            MarkError: the marks are published already.
        """
        with self._writing() as marks:
            if marks.published_at:
                raise MarkError("The marks are published already.")
            self._add(Kind.PUBLISH, who, "", "", None, None, "")

    def keep_snippet(self, who: str, question: str, text: str) -> None:
        """Save a comment for later use."""
        with self._writing() as marks:
            _short(text)
            if text.strip() and text not in marks.snippets(question).values():
                self._add(Kind.SNIPPET, who, "", question, None, Snippet(text), "")

    def drop_snippet(self, who: str, question: str, id: int) -> None:
        """Remove a saved comment."""
        with self._writing() as marks:
            if id in marks.snippets(question):
                self._add(Kind.SNIPPET, who, "", question, None, Undone(id, Kind.SNIPPET), "")

    def share(self, who: str, question: str, markers: tuple[str, ...]) -> None:
        """Set the markers of a question. Empty: anybody."""
        with self._writing() as marks:
            if marks.share(question) != markers:
                self._add(Kind.SHARE, who, "", question, Share(marks.share(question)), Share(markers), "")

    def sample(self, who: str, percent: float) -> None:
        """Set the percentage of answers that a second marker marks too."""
        with self._writing() as marks:
            if not 0 <= percent <= 100:
                raise MarkError("The share of answers that are marked twice is a number from 0 to 100.")
            if percent != marks.second_percent:
                self._add(Kind.SAMPLE, who, "", "", Sample(marks.second_percent), Sample(percent), "")

    # ---- SQLite ------------------------------------------------------------------------------------------------

    def _check(self, marks: Marks, question: str, saved: Saved) -> None:
        known = self._questions.get(question)
        if known is None:
            raise MarkError(f"There is no question {question}: choose one of the page's.")
        _short(saved.comment, saved.adjustment_reason)
        if unknown := [id for id in saved.items if marks.item(question, id) is None]:
            raise MarkError(f"There is no item {unknown[0][:80]} in the rubric of question {question}.")
        if not math.isfinite(saved.adjustment) or abs(saved.adjustment) > known.points:
            raise MarkError(f"An adjustment is a number from -{known.points} to {known.points}.")
        if saved.adjustment and not saved.adjustment_reason.strip():
            raise ReasonMissing("An adjustment needs a reason: the student reads it.")

    def _with_seed(self, marks: Marks) -> Marks:
        """Add the manifest's rubric for questions without a recorded one. The next write records it."""
        items = seeded(marks.without_rubric())
        if not items:
            return marks
        now = self._now()
        return marks.after(Event(marks.last, now, SEED, Kind.ITEM, "", of, None, item) for of, item in items)

    @contextmanager
    def _writing(self, lasting: bool = True) -> Iterator[Marks]:
        """Run one exclusive transaction, and yield the current state."""
        with self._lock:
            before = self._marks
            try:
                with self._table.writing(lasting):
                    self._catch_up()
                    for question, item in seeded(self._marks.without_rubric()):
                        self._add(Kind.ITEM, SEED, "", question, None, item, "")
                    yield self._marks
            except BaseException:
                self._marks = before  # what was added and taken back counts for nothing
                raise

    def _add(
        self,
        kind: Kind,
        who: str,
        submission: str,
        question: str,
        old: Payload | None,
        new: Payload | None,
        reason: str,
    ) -> Marks:
        """Add an event in the open transaction. Return the state after it."""
        if not who.strip() or len(who) > 100:
            raise MarkError("A marker needs a name of at most 100 characters.")
        event = Event(0, self._now(), who, kind, submission, question, old, new, reason.strip())
        self._marks = self._marks.after([self._table.add(event)])
        return self._marks

    def _catch_up(self) -> None:
        """Apply the events that this and other processes have added."""
        if events := list(self._table.read("id > :id", {"id": self._marks.last})):
            self._marks = self._marks.after(events)


def _current(marks: Marks, key: Key, version: int) -> None:
    """Refuse to overwrite a version that the marker has not read."""
    now = marks.current(key)
    if version == 0 and now is not None and now.who == SEED and now.id == marks.version(key):
        return  # read before the rubric was written down
    if marks.version(key) != version:
        raise Conflict(marks.current(key), marks.version(key))


def _content(marks: Marks, key: Key) -> Payload | None:
    event = marks.current(key)
    return event.new if event is not None else None


def _demand_reason(marks: Marks, key: Key, reason: str) -> None:
    _short(reason)
    if marks.is_locked(key) and not reason.strip():
        raise ReasonMissing("The marks are published: a change needs a reason, which is listed with it.")


def _short(*texts: str) -> None:
    if any(len(text) > MAX_TEXT for text in texts):
        raise MarkError(f"A text has at most {MAX_TEXT:,} characters: shorten it.")
