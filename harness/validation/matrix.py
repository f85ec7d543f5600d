"""The outcome of validation as an HTML page: a matrix of tests and cases by part, with the message of every verdict."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.catalog import read_suites
from harness.numbers import sort_key
from harness.reports.html import environment
from harness.reports.text import write_atomically
from harness.validation.cases import of_code
from harness.validation.tables import catches, closing
from harness.validation.verdicts import Verdict

__all__ = ["write"]


def write(verdicts: Sequence[Verdict], path: Path) -> None:
    """Write the page atomically."""
    parts = []
    for part in sorted({verdict.case.part for verdict in verdicts}, key=sort_key):
        tests = [test for test in read_suites() if test.number in of_code(part)]
        rows = sorted(
            (verdict for verdict in verdicts if verdict.case.part == part),
            key=lambda verdict: (verdict.case.kind, verdict.case.name),
        )
        parts.append((part, tests, [(verdict, [_cell(verdict, test.number) for test in tests]) for verdict in rows]))
    page = environment(Path(__file__).resolve().parent).get_template("matrix.html.j2")
    text = page.render(
        closing=closing(verdicts),
        parts=parts,
        catches={one.test.number: one for one in catches(verdicts)},
        errors=[verdict for verdict in verdicts if not verdict.is_right],
    )
    write_atomically(path, text)


def _cell(verdict: Verdict, number: str) -> tuple[str, str]:
    """The style and the tooltip of a cell."""
    if missed := verdict.error("missed", number):
        return "missed", missed.text
    message = verdict.lost.get(number)
    if message is None:
        return "passed", ""
    if verdict.error("fault", number):
        return "fault", message
    if number not in verdict.case.loses and number not in verdict.case.may_lose:
        return "alarm", message
    return ("waited" if number in verdict.not_run else "caught"), message
