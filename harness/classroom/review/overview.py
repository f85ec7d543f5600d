"""The overview pages: the progress, the answers to a question, and one submission with its history."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import dataclass

from starlette.responses import Response

from harness.classroom.marking import Kind, Mark, Saved
from harness.classroom.review.calls import Call, Refused, now
from harness.classroom.review.history import lines
from harness.classroom.review.marking_page import did
from harness.classroom.review.material import Submission
from harness.classroom.review.names import in_sample
from harness.problem import Question

__all__ = ["answers", "mark_empty", "override", "progress", "reveal", "submission"]

NOTHING = "The submission has nothing for this question."
"""The student's comment for an empty answer without points."""


@dataclass(frozen=True)
class Row:
    """The progress of marking a question."""

    question: Question
    done: int
    count: int
    flagged: int
    changed: int
    """The number of marked answers that have changed since."""
    by: tuple[tuple[str, int], ...]
    at_work: tuple[str, ...]
    """The other markers who have claimed one of its answers."""
    mean: float | None
    share: tuple[str, ...]
    again: int
    """The number of sampled answers that this marker can mark for the second time."""

    @property
    def open(self) -> int:
        return self.count - self.done


def rows(call: Call) -> list[Row]:
    """A row for each question."""
    return [_row(call, question) for question in call.material.questions.values()]


def _row(call: Call, question: Question) -> Row:
    ids = list(call.material.submissions)
    found = [call.marks.mark(id, question.id) for id in ids]
    marks = [mark for mark in found if mark is not None]
    time = now()
    claims = [call.marks.claim(id, question.id, time) for id in ids]
    return Row(
        question,
        len(marks),
        len(found),
        sum(mark.flag for mark in marks),
        sum(_is_changed(call, id, question.id, mark) for id, mark in zip(ids, found, strict=True)),
        tuple(Counter(mark.by for mark in marks).most_common()),
        tuple(sorted({claim.by for claim in claims if claim is not None and claim.by != call.marker})),
        statistics.fmean(mark.points for mark in marks) if marks else None,
        call.marks.share(question.id),
        sum(_is_for_second(call, id, question.id, mark) for id, mark in zip(ids, found, strict=True)),
    )


def _is_for_second(call: Call, id: str, question: str, first: Mark | None) -> bool:
    if first is None or first.by == call.marker or call.marks.mark(id, question, second=True) is not None:
        return False
    return in_sample(question, id, call.marks.second_percent)


def _is_changed(call: Call, id: str, question: str, mark: Mark | None) -> bool:
    return mark is not None and mark.digest not in ("", call.material.digest(id, question))


def progress(call: Call) -> Response:
    """The progress page, with a row for each question and the place to go on."""
    found = rows(call)
    mine = [row for row in found if not row.share or call.marker in row.share]
    return call.page(
        "progress.html.j2",
        title="Progress",
        rows=found,
        following=next((row for row in mine if row.open), None),
        finished=call.material.question(call.query.get("finished", "")),
        did=did(call),
    )


def answers(call: Call) -> Response:
    """All answers to a question, with their marks."""
    question = call.question
    listed = []
    for id, one in call.material.submissions.items():
        mark = call.marks.mark(id, question.id)
        empty = mark is None and call.material.is_empty(id, question.id)
        listed.append((one, mark, _is_changed(call, id, question.id, mark), empty))
    empties = sum(empty for *_, empty in listed)
    return call.page(
        "answers.html.j2",
        title=f"Answers to {question.id}",
        question=question,
        listed=listed,
        empties=empties,
        locked=any(empty and call.marks.is_locked((Kind.MARK, one.id, question.id)) for one, *_, empty in listed),
    )


def mark_empty(call: Call) -> Response:
    """Give no points to all empty answers of a question in one step."""
    question, material = call.question, call.material
    empty = {
        id: Saved(comment=NOTHING, digest=material.digest(id, question.id))
        for id in material.submissions
        if call.marks.mark(id, question.id) is None and material.is_empty(id, question.id)
    }
    call.store.save_all(call.marker, question.id, empty, call.text("reason"))
    return call.to(f"/question/{question.id}")


def submission(call: Call) -> Response:
    """One submission: its marks, its automatic tests with overrides, its requests and its history."""
    one = call.submission
    marks = [call.marks.mark(one.id, question.id) for question in call.material.questions.values()]
    verdicts, overrides = call.material.verdicts(one.id), call.marks.overrides(one.id)
    return call.page(
        "submission.html.j2",
        back=call.material.question(call.query.get("question", "")),
        by_hand=sum(mark.points for mark in marks if mark is not None),
        left=marks.count(None),
        automatic=sum(overrides[test.number].score if test.number in overrides else test.score for test in verdicts),
        title=one.label,
        submission=one,
        blind=call.is_blind(one),
        questions=list(zip(call.material.questions.values(), marks, strict=True)),
        verdicts=verdicts,
        overrides=overrides,
        history=lines(call.store.events(), call.material.questions, one.id),
        changes=call.marks.changes_since_publication(one.id),
        versions=_versions(call, one),
    )


def _versions(call: Call, one: Submission) -> dict[str, int]:
    numbers = (verdict.number for verdict in call.material.verdicts(one.id))
    return {number: call.marks.version((Kind.OVERRIDE, one.id, number)) for number in numbers}


def reveal(call: Call) -> Response:
    """Show this marker the names, and record it."""
    if call.is_blind(call.submission):
        call.store.reveal(call.marker, call.submission.id, call.text("reason"))
    question = call.material.question(call.text("question"))
    if question is not None:
        return call.to(f"/mark/{question.id}/{call.submission.code}", second=call.text("second"))
    return call.to(f"/submission/{call.submission.code}")


def override(call: Call) -> Response:
    """Override the score of an automatic test, or remove the override."""
    tests = {verdict.number: verdict for verdict in call.material.verdicts(call.submission.id)}
    test = tests.get(call.text("test"))
    if test is None:
        raise Refused("There is no such test in this submission's report.", 404)
    score = None if call.text("back_to_grader") else call.number("score", "The score")
    if score is not None and not 0 <= score <= test.maximum:
        raise Refused(f"The score of test {test.number} is a number from 0 to {test.maximum:g}.", 422)
    reason = call.text("reason")
    call.store.override(call.marker, call.submission.id, test.number, score, call.whole("version"), reason)
    question = call.material.question(call.text("question"))
    if question is not None:
        return call.to(f"/mark/{question.id}/{call.submission.code}")
    return call.to(f"/submission/{call.submission.code}")
