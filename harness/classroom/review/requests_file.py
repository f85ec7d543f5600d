"""Regrade requests from a table: a CSV file with the columns ID, question and text."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass

from harness.catalog import read_suites
from harness.classroom.review.material import Material

__all__ = ["Asked", "Asking", "read_requests"]

MAX_ROWS = 5000


@dataclass(frozen=True)
class Asked:
    """A request of the table."""

    submission: str
    question: str
    text: str


@dataclass(frozen=True)
class Asking:
    """The requests of a table."""

    rows: tuple[Asked, ...]
    problems: tuple[str, ...]
    """One sentence for each row that can't be used."""


def read_requests(text: str, material: Material) -> Asking:
    """The requests in a CSV file.

    Args:
        text: three columns: the submission's id, or a student's id, email or name; the question or the test; the text.
    """
    known = _known(material)
    tests = [test.number for test in read_suites()]
    rows, problems = [], []
    try:
        table = list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))
    except csv.Error as error:
        said = f"This is not a CSV file ({error}): save the table as CSV with the columns ID, question, text."
        return Asking((), (said,))
    if len(table) > MAX_ROWS:
        return Asking((), (f"The table has more than {MAX_ROWS} rows: divide it.",))
    for number, row in enumerate(table, 1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or (number == 1 and len(cells) > 1 and cells[1].casefold() == "question"):
            continue
        if len(cells) != 3 or not cells[2]:
            problems.append(f"Row {number} doesn't have the three columns ID, question and text.")
            continue
        who, question, asked = cells
        who = who.removeprefix("'")
        submission = who if who in material.submissions else known.get(who.casefold())
        if submission is None:
            problems.append(f"Row {number}: {who[:60]} is neither a submission's id nor a student's id, email or name.")
        elif question not in material.questions and question not in tests:
            use = f"use one of {', '.join(material.questions)}, or a test as {next(iter(tests), '')}"
            problems.append(f"Row {number}: {question[:60]} is neither a question nor a test: {use}.")
        else:
            rows.append(Asked(submission, question, asked))
    return Asking(tuple(rows), tuple(problems))


def _known(material: Material) -> dict[str, str]:
    """The submissions by what students are called, where that is said of one submission only."""
    found = [
        (word.casefold(), id)
        for id, submission in material.submissions.items()
        for person in submission.people
        for word in {person.name, person.sid, person.email}
        if word
    ]
    counts = Counter(word for word, _ in found)
    return {word: id for word, id in found if counts[word] == 1}
