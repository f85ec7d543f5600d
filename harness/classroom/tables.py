"""The table of grades, for a spreadsheet or the registrar's import."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence

from harness.catalog import GradedTest, read_suites
from harness.classroom.ledger import Entry, Status
from harness.classroom.roster import HandIn, shown
from harness.reports.text import points

__all__ = ["COLUMNS", "MAXIMA", "parts_of", "render"]

COLUMNS = ("Student", "SID", "Email", "Submission", "Status")
MAXIMA = "Points Possible"
"""The name of the row of maxima, as in Canvas."""


def parts_of(tests: Iterable[GradedTest]) -> dict[str, list[GradedTest]]:
    """Tests by the part of the handout."""
    parts: dict[str, list[GradedTest]] = {}
    for test in tests:
        parts.setdefault(test.part, []).append(test)
    return parts


def render(hand_ins: Sequence[HandIn], entries: Mapping[str, Entry]) -> str:
    """CSV: a row a student, a column a part, the maxima in the first row."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    parts = parts_of(read_suites())
    table.writerow([*COLUMNS, *parts, "Total"])
    maxima = [sum(test.points for test in tests) for tests in parts.values()]
    table.writerow([MAXIMA, "", "", "", "", *map(points, maxima), points(sum(maxima))])
    table.writerows(_rows(hand_ins, entries, parts))
    return text.getvalue()


def _rows(
    hand_ins: Sequence[HandIn], entries: Mapping[str, Entry], parts: Mapping[str, Sequence[GradedTest]]
) -> Iterator[list[str]]:
    for hand_in in hand_ins:
        entry = entries.get(hand_in.id, Entry(hand_in.id, Status.WAITING))
        scores = [points(sum(entry.scores.get(test.number, 0.0) for test in tests)) for tests in parts.values()]
        if entry.status in (Status.WAITING, Status.FAULT):  # no grade, and no zero
            scores = [""] * len(parts)
        total = points(entry.score) if any(scores) else ""
        for person in hand_in.people:
            about = (person.name, person.sid, person.email, shown(hand_in.path.name))
            yield [*map(_harmless, about), entry.status.value, *scores, total]


def _harmless(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: students choose names."""
    return f"'{text}" if text.startswith(tuple("=+-@＝＋－＠")) else text
