"""The context of a number: its clause and sentence, or its row and column of a table."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from harness.facts.numerals import Found, Number, read
from harness.facts.prose import Plain
from harness.facts.tables import Cell, cell_at, cells
from harness.facts.words import words_of

__all__ = ["MEASURED_UNITS", "Context", "Item", "Place", "items_of"]

Item = str | tuple[float, str]
"""A word, stemmed, or a number with its unit: names and clauses are compared by these."""

MEASURED_UNITS = frozenset({"%", "points", "×", "s", "B"})
#: No person writes a clause with more numbers.
CROWD = 20

_SENTENCE = re.compile(
    r"(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)(?<!\bapprox)(?<!\bca)(?<!\bresp)[.!?](?=\s|$)"
    r"|\n\s*\n|\n(?=\s{0,8}[-+|#]|\s{0,8}[0-9]{1,2}[.)]\s)"
)
_CLAUSE = re.compile(
    r"[;)\]]|,(?!\d)|\s[–—-]{1,3}\s|—|\b(?:and|but|while|whereas|whilst|though|although|however|yet)\b", re.IGNORECASE
)
_JOINT = re.compile(r"[;:]|\b(?:and|but|while|whereas|although|however|so)\b", re.IGNORECASE)
_PHRASE_END = re.compile(rf"[,()\[\]]|\s[–—-]{{1,3}}\s|—|{_JOINT.pattern}", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"[(\[][^()\[\]]{0,40}[)\]]")


@dataclass(frozen=True)
class Place:
    """The context of a number."""

    text: str
    """The clause."""
    clause: frozenset[Item]
    """The words and numbers of the clause."""
    sentence: frozenset[Item]
    """The words and numbers of the sentence and of the one before."""
    numbers: tuple[Number, ...]
    """The other numbers of the clause."""
    crowded: bool
    """The clause has too many numbers, so none of them gets a verdict."""
    before: str = ""
    """The clause's text before the number."""
    phrase: frozenset[str] | None = None
    """The words from the conjunction before the number to the comma behind it; None in a table."""


@lru_cache(maxsize=4096)
def items_of(name: str) -> frozenset[Item]:
    """The words and numbers of a name."""
    clean, found = read(name)
    return _items(_without(clean.text, found), found)


def _without(text: str, found: Sequence[Found]) -> str:
    """The text with blanks for numbers and their units, whose words name nothing: "12 min" is no minimum."""
    pieces, at = [], 0
    for one in found:
        pieces += [text[at : one.start], " " * (one.end - one.start)]
        at = one.end
    return "".join([*pieces, text[at:]])


def _items(text: str, found: Sequence[Found]) -> frozenset[Item]:
    numbers: set[Item] = {(one.number.value, one.number.unit) for one in found}
    return frozenset[Item](words_of(text)) | numbers


class Context:
    """A text, split into sentences and clauses."""

    def __init__(self, clean: Plain, found: Sequence[Found]) -> None:
        self.text, self.found = clean.text, found
        self._words = _without(clean.text, found)
        self._places = [one.start for one in found]
        self._table = cells(clean.text)
        self._sentences = _pieces(clean.text, 0, len(clean.text), _SENTENCE)
        self._sentence_starts = [start for start, _ in self._sentences]
        self._clauses: dict[int, list[tuple[int, int]]] = {}
        self._items: dict[tuple[int, int], frozenset[Item]] = {}

    def place(self, index: int) -> Place:
        """The context of a number."""
        at = self.found[index].start
        if (cell := cell_at(self._table, at)) is not None:
            return self._in_table(index, cell)
        sentence = max(bisect_right(self._sentence_starts, at) - 1, 0)
        clauses = self._clauses_of(sentence)
        start, end = clauses[max(bisect_right(clauses, (at, len(self.text))) - 1, 0)]
        around = self._items_between(*self._sentences[sentence])
        if sentence:
            around |= self._items_between(*self._sentences[sentence - 1])
        there = self._between(start, end)
        others = tuple(one.number for one in there[: CROWD + 1] if one is not self.found[index])
        items = self._items_between(start, end)
        if len(there) > CROWD:
            return Place(self.text[start:end], items, around, others, True)
        begin = max((found.end() for found in _JOINT.finditer(self._words, start, at)), default=start)
        stop = _PHRASE_END.search(self._words, at, end)
        phrase = self._words[begin : stop.start() if stop is not None else end]
        return Place(self.text[start:end], items, around, others, False, self.text[start:at], words_of(phrase))

    def _in_table(self, index: int, cell: Cell) -> Place:
        """A cell's clause is its own text, its column's header and its row's label."""
        there = self._between(cell.start, cell.end)
        own = [one for one in there[: CROWD + 1] if one is not self.found[index]]
        label = self._between(*cell.label)[:CROWD]
        text = " ".join(
            (_IN_BRACKETS.sub(" ", cell.header), self._words[slice(*cell.label)], self._words[cell.start : cell.end])
        )
        items = _items(text, [*own, *label, *read(cell.header)[1]])
        others = tuple(one.number for one in own)
        return Place(text, items, items | items_of(cell.corner), others, len(there) > CROWD)

    def _clauses_of(self, sentence: int) -> list[tuple[int, int]]:
        if sentence not in self._clauses:
            self._clauses[sentence] = list(self._divided(*self._sentences[sentence]))
        return self._clauses[sentence]

    def _divided(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The sentence's clauses: each ends at the first comma, bracket or conjunction behind a number with a unit."""
        begin = start
        for _, stop in _pieces(self.text, start, end, _CLAUSE):
            if stop == end or any(one.number.unit in MEASURED_UNITS for one in self._between(begin, stop)[:CROWD]):
                yield begin, stop
                begin = stop

    def _between(self, start: int, end: int) -> Sequence[Found]:
        return self.found[bisect_left(self._places, start) : bisect_left(self._places, end)]

    def _items_between(self, start: int, end: int) -> frozenset[Item]:
        if (start, end) not in self._items:
            self._items[start, end] = _items(self._words[start:end], self._between(start, end))
        return self._items[start, end]


def _pieces(text: str, start: int, end: int, separator: re.Pattern[str]) -> list[tuple[int, int]]:
    """Split a text at each separator, which belongs to the piece before it."""
    pieces = []
    for match in separator.finditer(text, start, end):
        if start < match.end() < end:
            pieces.append((start, match.end()))
            start = match.end()
    return [*pieces, (start, end)]
