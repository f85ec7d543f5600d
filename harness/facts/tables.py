"""Read tables in Markdown: each cell with its column's header and its row's label."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Cell", "cell_at", "cells"]

_RULE = re.compile(r"\s{0,8}\|?(?:\s{0,40}:?-{1,200}:?\s{0,40}\|){0,40}(?:\s{0,40}:?-{1,200}:?\s{0,40})?")
MAX_ROWS = 500


@dataclass(frozen=True)
class Cell:
    """A cell below the header, and its place in the text."""

    start: int
    end: int
    header: str
    label: tuple[int, int]
    """The place of the row's first cell; empty for the first cell itself."""
    corner: str
    """The header of the rows' labels."""


def cells(text: str) -> list[Cell]:
    """The cells of all tables, in the text's order."""
    found: list[Cell] = []
    lines = text.split("\n")
    at, headers = 0, list[str]()
    for place, line in enumerate(lines[: MAX_ROWS * 20]):
        following = lines[place + 1] if place + 1 < len(lines) else ""
        if "|" not in line:
            headers = []
        elif not headers and "-" in following and "|" in following and _RULE.fullmatch(following.rstrip()):
            headers = [text[start:end].strip() for start, end in _split(line, at, text)]
        elif headers and len(found) < MAX_ROWS * 10:
            own = _split(line, at, text)
            for column, (start, end) in enumerate(own[: len(headers)]):
                label = own[0] if column else (start, start)
                found.append(Cell(start, end, headers[column][:200], label, headers[0][:200]))
        at += len(line) + 1
    return found


def cell_at(table: Sequence[Cell], place: int) -> Cell | None:
    """The cell that a character of the text is in, or None."""
    index = bisect_right(table, place, key=lambda cell: cell.start) - 1
    return table[index] if index >= 0 and place < table[index].end else None


def _split(line: str, at: int, text: str) -> list[tuple[int, int]]:
    """The places of the cells of a line."""
    begin = at + len(line) - len(line.lstrip())
    end = at + len(line.rstrip())
    if text[begin : begin + 1] == "|":
        begin += 1
    if end > begin and text[end - 1] == "|":
        end -= 1
    places = []
    for piece in text[begin:end].split("|"):
        places.append((begin, begin + len(piece)))
        begin += len(piece) + 1
    return places
