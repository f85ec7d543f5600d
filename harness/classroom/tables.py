"""The table of grades for spreadsheets, with a row for each student. The command ``canvas`` writes files for Canvas."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from harness.catalog import read_suites
from harness.classroom.totals import Student, Total, parts_of, students
from harness.problem import problem
from harness.reports.text import counted, points

__all__ = ["BYTE_ORDER_MARK", "COLUMNS", "MAXIMA", "harmless", "late", "parts_of", "render", "written"]

COLUMNS = ("Student", "SID", "Email", "Submission", "Status")
MAXIMA = "Points Possible"
"""The name of the row of maxima, as in Canvas."""
BYTE_ORDER_MARK = "\ufeff"
"""The first character of a table: without it Excel reads names as if they were written in an older encoding."""


def render(found: Sequence[Total]) -> str:
    """CSV with a row for each student. The first row has the maximum points.

    The column of automatic points is named by the part's number, and that of points by hand by ``by hand`` and the
    question. ``Total`` is empty while something is missing, and ``Missing`` says what.
    """
    parts = parts_of(read_suites())
    questions = problem().question
    maxima = [sum(test.points for test in tests) for tests in parts.values()]
    hand = sum(question.points for question in questions)
    header = [*COLUMNS, *parts, "Automatic", *(f"by hand {question.id}" for question in questions), "By hand"]
    header += ["Overrides", "Handed in", "Lateness", "Penalty", "Total", "Missing", "Note"]
    first = [MAXIMA, "", "", "", "", *map(points, maxima), points(sum(maxima))]
    first += [*(points(question.points) for question in questions), points(hand)]
    first += ["", "", "", "", points(problem().handout), "", ""]
    return written([header, first, *(_row(student, list(parts)) for student in students(found))])


def written(rows: Iterable[Sequence[str]]) -> str:
    """Rows as CSV that spreadsheets read safely, whatever text students have written."""
    text = io.StringIO()
    text.write(BYTE_ORDER_MARK)
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _row(student: Student, parts: Sequence[str]) -> list[str]:
    total = student.total
    about = (student.person.name, student.person.sid, student.person.email, total.submission)
    return [
        *map(harmless, about),
        total.status.value,
        *(_number(total.parts.get(part)) for part in parts),
        _number(total.automatic),
        *map(_number, total.by_hand.values()),
        _number(total.hand),
        _number(total.changed or None),
        _time(total.roster_entry.created_at if total.roster_entry else None, total),
        total.late,
        _number(total.penalty) if total.lateness else "",
        _number(total.total),
        "; ".join(total.missing),
        "; ".join(_notes(student)),
    ]


def _notes(student: Student) -> Iterator[str]:
    for other in student.others:
        yield f"also in {other}, which doesn't count: this one was handed in last"
    if left := _slip_left(student):
        yield left


def _slip_left(student: Student) -> str:
    """The student's remaining slip days, if some were used."""
    lateness = student.total.lateness
    if lateness is None or not lateness.slip:
        return ""
    left = lateness.slip_left[student.total.counts_for.index(student.person)]
    return f"{counted(left, 'slip day')} left"


def _number(value: float | None) -> str:
    """Points as text; empty if there are none, as opposed to zero."""
    return "" if value is None else points(value)


def harmless(text: str) -> str:
    """A cell that no spreadsheet reads as a formula, since students choose their names."""
    return f"'{text}" if text.startswith(tuple("=+-@＝＋－＠")) else text


def late(found: Sequence[Total]) -> str:
    """CSV with a row for each student: the lateness, its penalty and the reason."""
    rows = [["Student", "SID", "Email", "Submission", "Due", "Handed in", "Slip days", "Left", "Penalty", "Explained"]]
    for student in students(found):
        total, lateness = student.total, student.total.lateness
        if lateness is None:
            continue
        about = (student.person.name, student.person.sid, student.person.email, total.submission)
        left = lateness.slip_left[total.counts_for.index(student.person)]
        rows.append(
            [
                *map(harmless, about),
                _time(lateness.due, total),
                _time(total.roster_entry.created_at if total.roster_entry else None, total),
                str(lateness.slip),
                str(left),
                _number(total.penalty),
                total.late,
            ]
        )
    return written(rows)


def _time(time: datetime | None, total: Total) -> str:
    """A time in the rules' time zone."""
    zone = total.lateness.rules.where if total.lateness else None
    return time.astimezone(zone or time.tzinfo).isoformat(" ", "seconds") if time else ""
