"""The page for marking one answer: the answer, facts and verdicts beside it, and the form."""

from __future__ import annotations

import re
from collections.abc import Sequence

from starlette.responses import Response

from harness.classroom.marking import Conflict, Item, Kind, Mark, MarkError, Saved
from harness.classroom.review.calls import Call, Refused, now
from harness.classroom.review.names import next_answer, order
from harness.problem import Question
from harness.reports.text import points

__all__ = ["did", "go_on", "save", "show", "take_over", "undo"]


def go_on(call: Call) -> Response:
    """Go to the next answer of a question, and claim it for this marker."""
    behind = call.material.by_code.get(call.query.get("behind", ""))
    ids = list(call.material.submissions)
    did = call.query.get("did", "")
    for _ in ids:
        found = next_answer(
            call.store.state(), call.marker, call.question.id, ids, now(), behind.id if behind is not None else ""
        )
        if found is None:
            break
        id, second = found
        if call.store.claim(call.marker, id, call.question.id).by == call.marker:
            return call.to(f"/mark/{call.question.id}/{call.code(id)}", did=did, second=1 if second else None)
    return call.to("/progress", did=did, finished=call.question.id)


def show(call: Call) -> Response:
    """Show an answer with everything that marking needs."""
    question, submission = call.question, call.submission
    second = _is_second(call)
    mark = call.marks.mark(submission.id, question.id, second)
    holder = None
    if mark is None:  # what is marked is only looked at
        claim = call.store.claim(call.marker, submission.id, question.id)
        holder = claim if claim.by != call.marker else None
    version = call.marks.version((Kind.SECOND if second else Kind.MARK, submission.id, question.id))
    draft = Saved()
    if mark is not None:
        chosen = tuple(item.id for item in mark.items)
        draft = Saved(chosen, mark.adjustment, mark.adjustment_reason, mark.comment, mark.flag)
    return _page(call, draft, version, second, holder=holder)


def save(call: Call) -> Response:
    """Save a mark and go on. Or save or remove a listed comment, and keep the form's content."""
    second = call.text("second") == "1"
    version = call.whole("version")
    draft = Saved(comment=call.text("comment"), items=call.texts("item"), flag=call.text("flag") == "1")
    try:
        draft = Saved(
            draft.items,
            call.number("adjustment", "The adjustment"),
            call.text("adjustment_reason"),
            draft.comment,
            draft.flag,
            re.sub(r"[^0-9a-f]", "", call.text("digest"))[:64],
        )
        if call.text("keep"):
            call.store.keep_snippet(call.marker, call.question.id, draft.comment)
        if call.text("drop"):
            call.store.drop_snippet(call.marker, call.question.id, call.whole("drop"))
        if call.text("keep") or call.text("drop"):
            return _page(call, draft, version, second)
        mark = call.store.save(
            call.marker, call.submission.id, call.question.id, draft, version, call.text("reason"), second
        )
    except Conflict as conflict:
        return _conflict(call, draft, conflict, second)
    except (MarkError, Refused) as error:
        return _page(call, draft, version, second, error=str(error), status=422)
    if call.text("go") == "stay":
        again = {"second": 1} if second else {}
        return call.to(f"/mark/{call.question.id}/{call.submission.code}", did=mark.version, **again)
    return call.to(f"/next/{call.question.id}", behind=call.submission.code, did=mark.version)


def take_over(call: Call) -> Response:
    """Take over an answer that another marker has claimed."""
    call.store.claim(call.marker, call.submission.id, call.question.id, take_over=True)
    return call.to(f"/mark/{call.question.id}/{call.submission.code}", second=call.text("second"))


def undo(call: Call) -> Response:
    """Undo a save, and show the restored mark."""
    event = call.store.undo(call.marker, call.whole("event"), call.text("reason"))
    if event.kind is Kind.OVERRIDE:
        return call.to(f"/submission/{call.code(event.submission)}")
    second = 1 if event.kind is Kind.SECOND else None
    return call.to(f"/mark/{event.question}/{call.code(event.submission)}", undone=1, second=second)


def _is_second(call: Call) -> bool:
    first = call.marks.mark(call.submission.id, call.question.id)
    return call.query.get("second") == "1" and first is not None and first.by != call.marker


def _page(call: Call, draft: Saved, version: int, second: bool, status: int = 200, **more: object) -> Response:
    question, submission, material = call.question, call.submission, call.material
    marks = call.store.state()
    blind = call.is_blind(submission)
    answer = material.answer(submission.id, question.id)
    beside, remarks = material.facts(submission.id, question.id, answer.text if answer else "")
    mark = marks.mark(submission.id, question.id, second)
    digest = material.digest(submission.id, question.id)
    ids = list(material.submissions)
    others = material.elsewhere(submission.id, question.id)
    sequence = order(call.marker, question.id, ids)
    place = sequence.index(submission.id)
    values = {
        "title": f"{question.id} {submission.label}",
        "question": question,
        "submission": submission,
        "blind": blind,
        "answer": answer,
        "shown": material.shown(submission, answer, remarks, blind) if answer is not None else None,
        "elsewhere": [(one, material.shown(submission, one, [], blind)) for one in others],
        "figures": material.figures(submission.id, question.part),
        "has_pdf": material.pdf(submission.id) is not None,
        "missing": material.not_handed_in(submission.id, question),
        "empty": material.is_empty(submission.id, question.id),
        "beside": beside,
        "verdicts": material.verdicts(submission.id, question.part),
        "overrides": marks.overrides(submission.id),
        "rubric": marks.rubric(question.id),
        "snippets": marks.snippets(question.id),
        "mark": mark,
        "draft": draft,
        "version": version,
        "second": second,
        "digest": digest,
        "changed": mark is not None and mark.digest not in ("", digest),
        "done": len(marks.marked(question.id)),
        "count": len(ids),
        "before": call.code(sequence[place - 1]),
        "after": call.code(sequence[(place + 1) % len(sequence)]),
        "requests": [one for one in marks.regrades(submission.id) if one.question == question.id],
        "did": None if more.get("error") else did(call),
        "error": "",
        "unsaved": call.form != {},
        "sum": _sum(marks.rubric(question.id), draft, mark, question, call.form != {}),
        "holder": None,
        **more,
    }
    return call.page("mark.html.j2", status, **values)


def _sum(rubric: Sequence[Item], draft: Saved, mark: Mark | None, question: Question, unsaved: bool) -> float | None:
    """The points in the form; None if nothing is chosen and nothing was saved."""
    if mark is not None and not unsaved:
        return mark.points
    if not draft.items and not draft.adjustment:
        return None
    given = sum(item.points for item in rubric if item.id in draft.items) + draft.adjustment
    return max(0.0, min(given, float(question.points)))


def did(call: Call) -> dict[str, object] | None:
    """The marker's last save, if the address says that something was saved."""
    event = call.store.last_undoable(call.marker) if call.query.get("did") else None
    if event is None or str(event.id) != call.query["did"] or event.kind is Kind.OVERRIDE:
        return None
    mark = call.store.state().mark(event.submission, event.question, event.kind is Kind.SECOND)
    if mark is None:
        return None
    code = call.code(event.submission)
    return {"event": event.id, "code": code, "question": event.question, "points": points(mark.points)}


def _conflict(call: Call, draft: Saved, conflict: Conflict, second: bool) -> Response:
    """Show both versions of a mark side by side."""
    marks = call.store.state()
    rubric = marks.rubric(call.question.id)
    mine = _sum(rubric, draft, None, call.question, unsaved=True) or 0.0
    return call.page(
        "conflict.html.j2",
        409,
        title="Two versions",
        question=call.question,
        submission=call.submission,
        draft=draft,
        mine=mine,
        chosen=[item for item in rubric if item.id in draft.items],
        theirs=marks.mark(call.submission.id, call.question.id, second),
        version=conflict.version,
        second=second,
        said=str(conflict),
        reason=call.text("reason"),
    )
