"""The rubric of a question: a change first shows whose mark it changes, then changes all of them."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from harness.classroom.marking import Item, Kind, Marks
from harness.classroom.marking.events import Event
from harness.classroom.review.calls import Call, Refused, now

__all__ = ["change", "show"]


@dataclass(frozen=True)
class Effect:
    """What a change of an item does to one mark."""

    id: str
    before: float | None
    after: float | None

    @property
    def same(self) -> bool:
        return self.before == self.after


def show(call: Call) -> Response:
    """The items, each with a form."""
    question = call.question
    items = call.marks.rubric(question.id)
    return call.page(
        "rubric.html.j2",
        title=f"Rubric of {question.id}",
        question=question,
        items=[(item, len(call.marks.affected(question.id, item.id)), _version(call, item.id)) for item in items],
        questions=list(call.material.questions.values()),
        changed=call.query.get("changed", ""),
        total=sum(item.points for item in items if item.points > 0),
    )


def change(call: Call) -> Response:
    """Show whom a change affects; with the second click, change the item."""
    question = call.question
    id = call.text("item")
    former = call.marks.item(question.id, id) if id else None
    if id and former is None:
        raise Refused("There is no such item: load the page again.", 404)
    number = call.number("points", "The points of an item")
    removed = call.text("remove") == "1"
    item = Item(id or call.marks.new_item_id(question.id), number, call.text("text"), call.text("note"), removed)
    affected = call.marks.affected(question.id, item.id)
    if affected and call.text("confirmed") != "1":
        return call.page(
            "rubric_change.html.j2",
            title=f"Change for {len(affected)}",
            question=question,
            item=item,
            former=former,
            version=call.whole("version"),
            effects=_effects(call, item, affected),
        )
    call.store.change_item(call.marker, question.id, item, call.whole("version"), call.text("reason"))
    return call.to(f"/rubric/{question.id}", changed=len(affected) or "none")


def _effects(call: Call, item: Item, affected: list[str]) -> list[Effect]:
    question = call.question.id
    event = Event(call.marks.last + 1, now(), call.marker, Kind.ITEM, "", question, None, item)
    after: Marks = call.marks.after([event])
    return [Effect(id, call.marks.points(id, question), after.points(id, question)) for id in affected]


def _version(call: Call, item: str) -> int:
    return call.marks.version((Kind.ITEM, call.question.id, item))
