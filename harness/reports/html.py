"""The score page: one self-contained HTML file, for a screen of any width and for paper."""

from __future__ import annotations

import base64
from pathlib import Path

import jinja2

from harness.failure import as_text
from harness.gradebook import Gradebook, Outcome, Picture, State
from harness.problem import problem
from harness.reports.text import cut, plain, points, write_atomically

__all__ = ["SIGNS", "environment", "outcome_pages", "render", "write"]

SIGNS = {
    State.PASSED: "✓",
    State.PARTIAL: "◐",
    State.FAILED: "✗",
    State.NOT_IMPLEMENTED: "○",
    State.NOT_RUN: "·",
}
MAX_OUTPUT = 10_000
HERE = Path(__file__).resolve().parent


def environment(folder: Path) -> jinja2.Environment:
    """A jinja2 environment for a folder's templates. Values are escaped, and a missing value is an error.

    Templates can also include files of this module's folder, such as the colors of all pages.
    """
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, HERE]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(gradebook: Gradebook) -> str:
    """The page as text."""
    return (
        outcome_pages()
        .get_template("page.html.j2")
        .render(
            gradebook=gradebook,
            some_failed=any(outcome.state in (State.FAILED, State.PARTIAL) for _, outcome in gradebook.results),
            signs=SIGNS,
            item_kinds={True: "passed", False: "failed", None: "open"},
            state=State,
            problem=problem(),
        )
    )


def outcome_pages() -> jinja2.Environment:
    """The environment of the templates in this folder, with filters for outcomes."""
    pages = environment(HERE)
    pages.filters.update(points=points, plain=plain, image=_image, message=_message, printed=_printed)
    return pages


def write(gradebook: Gradebook, path: Path) -> None:
    """Write the page atomically."""
    write_atomically(path, render(gradebook))


def _message(outcome: Outcome) -> str:
    return plain(cut(as_text(outcome.finding, outcome.location), MAX_OUTPUT))


def _printed(outcome: Outcome) -> str:
    return plain(cut(outcome.printed.rstrip(), MAX_OUTPUT))


def _image(picture: Picture) -> str:
    """A picture as a data URL; empty if its numbers, which student code chooses, can't be drawn."""
    from harness.reports import pictures  # matplotlib takes as long to import as a small test to run

    try:
        image = pictures.draw(picture)
    except Exception:
        return ""
    return "data:image/png;base64," + base64.b64encode(image).decode()
