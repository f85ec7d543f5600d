"""Pages besides marking itself: regrade requests, publishing, sharing of the work, and the export."""

from __future__ import annotations

import csv
import io

from starlette.responses import Response

from harness.classroom.marking import MarkError
from harness.classroom.review.agreement import agreement
from harness.classroom.review.calls import Call, Refused
from harness.classroom.review.overview import rows
from harness.classroom.review.requests_file import read_requests
from harness.classroom.tables import harmless

__all__ = ["decide", "export", "import_requests", "publish", "publishing", "requests", "share", "sharing"]

COLUMNS = ("Submission", "Question", "Points", "Of", "Items", "Adjustment", "Reason", "Comment", "Flag", "By", "When")


def requests(call: Call) -> Response:
    """The page of regrade requests: open ones first, then decided ones."""
    return _queue(call, [])


def _queue(call: Call, said: list[str], status: int = 200) -> Response:
    found = call.store.state().regrades()
    listed = sorted(found, key=lambda one: (bool(one.outcome), one.at))
    return call.page("requests.html.j2", status, title="Regrade requests", listed=listed, said=said)


def import_requests(call: Call) -> Response:
    """Import regrade requests from a CSV file."""
    text = call.text("file") or call.text("pasted")
    found = read_requests(text, call.material)
    said = list(found.problems)
    added = 0
    for one in found.rows:
        try:
            added += call.store.request(call.marker, one.submission, one.question, one.text) is not None
        except MarkError as error:
            said.append(str(error))
    known = len(found.rows) - added
    said.insert(0, f"Added: {added}. There already: {known}.")
    return _queue(call, said, 422 if found.problems else 200)


def decide(call: Call) -> Response:
    """Decide a regrade request."""
    outcome = call.text("outcome")
    number = call.place["request"]
    if outcome not in ("kept", "changed") or not number.isdigit() or len(number) > 15:
        raise Refused("Say whether the mark was kept or changed.")
    call.store.decide(call.marker, int(number), "kept" if outcome == "kept" else "changed", call.text("reason"))
    return call.to("/requests")


def publishing(call: Call) -> Response:
    """The page of publishing: the remaining work before, and the changes afterwards."""
    return call.page(
        "publish.html.j2", title="Publish", rows=rows(call), changes=call.marks.changes_since_publication()
    )


def publish(call: Call) -> Response:
    """Publish the marks. From now on each change needs a reason."""
    found = rows(call)
    left = sum(row.open + row.flagged for row in found)
    if left and call.text("all_the_same") != "1":
        raise Refused(f"{left} answers are open or flagged: mark them, or tick Publish anyway.", 422)
    call.store.publish(call.marker)
    return call.to("/publish")


def sharing(call: Call) -> Response:
    """The page of sharing: the markers of each question, the share that is marked twice, and the agreement."""
    return call.page(
        "sharing.html.j2",
        title="Sharing",
        rows=rows(call),
        agreements=[agreement(call.marks, id) for id in call.material.questions],
    )


def share(call: Call) -> Response:
    """Save the markers of each question, and the percentage that is marked twice."""
    for id in call.material.questions:
        chosen = set(call.texts(f"share {id}"))
        call.store.share(call.marker, id, tuple(name for name in call.context.markers if name in chosen))
    call.store.sample(call.marker, call.number("percent", "The share of answers that are marked twice"))
    return call.to("/sharing")


def export(call: Call) -> Response:
    """All marks as a table. It has the submissions' ids, so the export is recorded."""
    call.store.reveal(call.marker, "", "the table of all marks was exported")
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for id in call.material.submissions:
        for question in call.material.questions.values():
            mark = call.marks.mark(id, question.id)
            if mark is None:
                table.writerow([harmless(id), question.id, "", f"{question.points:g}", *[""] * 7])
                continue
            items = "; ".join(f"{item.text} ({item.points:+g})" for item in mark.items)
            cells = [id, question.id, f"{mark.points:g}", f"{question.points:g}", harmless(items)]
            cells += [f"{mark.adjustment:g}", harmless(mark.adjustment_reason), harmless(mark.comment)]
            cells += ["yes" if mark.flag else "", harmless(mark.by), mark.at.isoformat(timespec="seconds")]
            table.writerow([harmless(cells[0]), *cells[1:]])
    headers = {"Content-Disposition": 'attachment; filename="marks.csv"'}
    return Response("\ufeff" + text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)
