"""A failed call into student code, as data that a worker sends and reports show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

__all__ = ["Failure", "StackLine", "as_text"]


class StackLine(msgspec.Struct, frozen=True):
    """One line of the student's own code in a traceback."""

    file: str
    """The name of the file or of the notebook's cell. It is empty where calls were left out; ``function`` then says so.
    """
    line: int
    """The line's number, or 0 if it isn't known."""
    function: str
    code: str
    """The line itself. For a syntax error, the marker line follows it."""


class Failure(msgspec.Struct, frozen=True):
    """How a call failed, as text. A worker reports the first four kinds; the grader detects the others itself."""

    kind: Literal["exception", "not implemented", "missing", "import", "timeout", "died", "unusable"]
    type_name: str
    message: str
    stack: list[StackLine]


def as_text(finding: str, location: Sequence[StackLine], hints: Sequence[str] = ()) -> str:
    """A finding as one text: the sentence, the lines of student code that led to it, and the hints."""
    lines = [finding]
    for one in location:
        if not one.file:
            lines.append(f"  {one.function}")
            continue
        number = f", line {one.line}" if one.line else ""
        function = f", in {one.function}" if one.function not in ("", "<module>") else ""
        lines.append(f"  {one.file}{number}{function}")
        if one.code:
            lines.append(f"    {one.code}")
    return "\n".join([*lines, *(f"Hint: {hint}" for hint in hints)])
