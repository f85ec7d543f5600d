"""The output of a notebook's cell: the score table and the messages of a run, as a piece of HTML.

It follows the theme of JupyterLab, VS Code and Colab, dark or light. All text of a submission is escaped.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from harness.catalog import GradedTest, read_suites
from harness.gradebook import Gradebook, Outcome, PartScore, State
from harness.repeat import Repeat
from harness.reports.html import SIGNS, outcome_pages
from harness.reports.order import closing, not_there, parts_of_run, to_look_at
from harness.reports.text import write_atomically

__all__ = ["render", "write"]

KINDS = {State.PASSED: "passed", State.PARTIAL: "partial", State.FAILED: "failed"}


class _Messages(NamedTuple):
    """The failed tests of one part."""

    first: tuple[GradedTest, Outcome]
    """The test with the nearest cause, whose message is open."""
    others: list[tuple[GradedTest, Outcome]]
    """The other failed tests with messages of their own, which are folded."""
    same: dict[str, list[str]]
    """The numbers of further tests with the same message, by the number of the test that shows it."""


def render(gradebook: Gradebook, repeat: Repeat) -> str:
    """The piece of HTML: a table of the parts that were graded, then each part's first message with its pictures."""
    parts = parts_of_run(gradebook)
    code, results = not_there(gradebook)
    messages = [_messages(part, gradebook) for part in parts]
    return (
        outcome_pages()
        .get_template("cell.html.j2")
        .render(
            gradebook=gradebook,
            parts=parts,
            only={part.part.number: _only(part) for part in parts},
            repeat=repeat,
            score=sum(part.score for part in parts),
            maximum=sum(part.maximum for part in parts),
            messages=[one for one in messages if one is not None],
            missing=code,
            unmade=results,
            closing=closing(gradebook, repeat),
            signs=SIGNS,
            kinds=KINDS,
        )
    )


def write(gradebook: Gradebook, path: Path, repeat: Repeat) -> None:
    """Write the piece in one step."""
    write_atomically(path, render(gradebook, repeat))


def _messages(part: PartScore, gradebook: Gradebook) -> _Messages | None:
    found = [pair for pair in to_look_at(part, gradebook) if pair[1].state is not State.NOT_IMPLEMENTED]
    if not found:
        return None
    first, *others = found
    by_message = {first[1].message: [first]}
    for pair in others:
        if pair[1].state in (State.FAILED, State.PARTIAL):  # the others only say which of these came first
            by_message.setdefault(pair[1].message, []).append(pair)
    shown = [pairs[0] for pairs in by_message.values()]
    same = {pairs[0][0].number: [test.number for test, _ in pairs[1:]] for pairs in by_message.values()}
    return _Messages(first, shown[1:], same)


def _only(part: PartScore) -> str:
    """Which tests of a part were graded, if not all were."""
    graded = [test.number for test, _ in part.results]
    known = sum(test.part == part.part.number for test in read_suites())
    return f", only {' and '.join(graded)}" if len(graded) < known else ""
