"""A marker's request to the page: its sender, its data, and the ways to respond."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jinja2
from starlette.responses import HTMLResponse, RedirectResponse, Response

from harness.classroom.marking import Marks, MarkStore
from harness.classroom.review.material import Material, Submission
from harness.classroom.review.names import label
from harness.classroom.review.pdf_pages import PdfPages
from harness.classroom.review.sessions import Session, Sessions
from harness.problem import Question, problem
from harness.reports.html import environment
from harness.reports.text import plain, points

__all__ = ["Call", "Refused", "ReviewContext"]

HERE = Path(__file__).resolve().parent


class Refused(Exception):
    """The page refuses the request. The text is one sentence that says why."""

    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence)
        self.status = status


class ReviewContext:
    """The data of the marking page: the batch, the marks, the sessions and the templates."""

    def __init__(self, folder: Path, markers: Sequence[str], host: str, port: int, show_names: bool = False) -> None:
        """
        Raises:
            JournalError: no batch has left its grades in this folder.
        """
        self.material = Material(folder)
        self.store = MarkStore(folder)
        self.sessions = Sessions(markers)
        self.pdf_pages = PdfPages()
        self.host, self.port = host, port
        self.show_names = show_names

    @property
    def markers(self) -> list[str]:
        return list(self.sessions.tokens)

    @property
    def unmarked(self) -> int:
        """The number of answers without a mark."""
        marks = self.store.state()
        return sum(
            marks.mark(id, question) is None for id in self.material.submissions for question in self.material.questions
        )

    @cached_property
    def pages(self) -> jinja2.Environment:
        made = environment(HERE)
        made.filters.update(points=points, plain=plain, label=label, when=_when)
        made.globals.update(problem=problem())
        return made


@dataclass(frozen=True)
class Call:
    """A request of a marker."""

    context: ReviewContext
    session: Session
    place: Mapping[str, str]
    """The variable parts of the address."""
    query: Mapping[str, str]
    form: Mapping[str, Sequence[str]]
    """The fields of the form by their name; empty for a request that only reads."""

    @property
    def marker(self) -> str:
        """The marker's name, which comes from the session and never from a form."""
        return self.session.marker

    @property
    def material(self) -> Material:
        return self.context.material

    @property
    def store(self) -> MarkStore:
        return self.context.store

    @cached_property
    def marks(self) -> Marks:
        """The state of marking when the request came."""
        return self.context.store.state()

    @cached_property
    def question(self) -> Question:
        """The question that the address names."""
        found = self.material.question(self.place.get("question", ""))
        if found is None:
            raise Refused("There is no such question: go back to the progress page.", 404)
        return found

    @cached_property
    def submission(self) -> Submission:
        """The submission that the address names, by its code name."""
        found = self.material.by_code.get(self.place.get("code", ""))
        if found is None:
            raise Refused("There is no such submission: go back to the progress page.", 404)
        return found

    # ---- what a form says --------------------------------------------------------------------------------------

    def text(self, name: str, otherwise: str = "") -> str:
        """The text of a field, with Python's line breaks."""
        values = self.form.get(name)
        return values[-1].replace("\r\n", "\n").strip() if values else otherwise

    def texts(self, name: str) -> tuple[str, ...]:
        """All values of a field of the form."""
        return tuple(self.form.get(name, ()))

    def whole(self, name: str) -> int:
        """The integer in a field."""
        try:
            return int(self.text(name, "0") or "0")
        except ValueError:
            raise Refused(f"The field {name} is not a number: load the page again.") from None

    def number(self, name: str, what: str) -> float:
        """The number in a field; 0 if it is empty."""
        try:
            found = float(self.text(name).replace(",", ".").replace("−", "-") or "0")
        except ValueError:
            found = math.nan
        if not math.isfinite(found):
            raise Refused(f"{what} is not a number: write one such as 1 or -0.5.")
        return found

    # ---- answers -----------------------------------------------------------------------------------------------

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """Render a template of this folder."""
        open_requests = sum(not one.outcome for one in self.marks.regrades())
        made = self.context.pages.get_template(template).render(
            call=self, marks=self.marks, open_requests=open_requests, now=now(), **values
        )
        return HTMLResponse(made, status)

    def to(self, path: str, **query: object) -> Response:
        """Redirect to another page."""
        given = {name: value for name, value in query.items() if value not in ("", None)}
        return RedirectResponse(f"{path}?{urlencode(given)}" if given else path, 303)

    def is_blind(self, submission: Submission) -> bool:
        """Whether the names of the submission are hidden from this marker."""
        return not self.context.show_names and self.marker not in self.marks.revealed(submission.id)

    def called(self, id: str) -> str:
        """A submission's name for this marker: its code name, or the students' names."""
        submission = self.material.submissions.get(id)
        if submission is None:
            return "A submission that is gone"
        return submission.label if self.is_blind(submission) else submission.names

    def readable(self, id: str, text: str) -> str:
        """A student's text as this marker may read it, without names if they are hidden."""
        submission = self.material.submissions.get(id)
        if submission is not None and submission.hide and self.is_blind(submission):
            text = submission.hide.sub("▒▒▒", text)
        return plain(text)

    def code(self, id: str) -> str:
        """A submission's code name; empty if the submission no longer exists."""
        submission = self.material.submissions.get(id)
        return submission.code if submission else ""


def now() -> datetime:
    """The time in UTC."""
    return datetime.now(timezone.utc)


def _when(time: datetime) -> str:
    """A readable time in this machine's time zone."""
    return time.astimezone().strftime("%d %b %H:%M")
