"""The numbers of parts and tests, as ``2``, ``12.3`` and ``2.1a``. Only this module parses them.

A part's number is one or more integers with dots between them. A test's number is that of its part and one or more
lower-case letters. ``2.1a`` lies in ``2.1``, and both lie in ``2``; ``12.3`` and ``2.10`` lie in neither.
"""

from __future__ import annotations

import re

__all__ = ["PART", "TEST", "chapter_of", "comes_after", "is_part", "is_test", "lies_in", "part_of", "sort_key"]

PART = r"\d{1,3}(?:\.\d{1,3})*"
"""A regular expression for the number of a part."""
TEST = rf"{PART}[a-z]{{1,3}}"
"""A regular expression for the number of a test."""
_NUMBER = re.compile(rf"({PART})([a-z]{{0,3}})")


def is_part(text: str) -> bool:
    """Whether a text is the number of a part."""
    return re.fullmatch(PART, text) is not None


def is_test(text: str) -> bool:
    """Whether a text is the number of a test."""
    return re.fullmatch(TEST, text) is not None


def part_of(number: str) -> str:
    """The part of a test: ``2.1`` for ``2.1a``. The number of a part is returned unchanged."""
    return _taken_apart(number)[0]


def chapter_of(number: str) -> str:
    """The first integer of a number: ``12`` for ``12.3a``."""
    return part_of(number).partition(".")[0]


def lies_in(number: str, wanted: str) -> bool:
    """Whether the test or part ``number`` is ``wanted`` itself, or belongs to it."""
    return number == wanted or part_of(number) == wanted or number.startswith(f"{wanted}.")


def comes_after(number: str, part: str) -> bool:
    """Whether a test or part belongs to a later part than ``part``: 3.1 and 2.2 do for 2.1, 2.1a doesn't."""
    return not lies_in(number, part) and sort_key(number) > sort_key(part)


def sort_key(number: str) -> tuple[tuple[int, ...], int, str]:
    """A key that sorts numbers as people do: 2.9 before 2.10, and 2.1z before 2.1aa."""
    part, letters = _taken_apart(number)
    return tuple(map(int, part.split("."))), len(letters), letters


def _taken_apart(number: str) -> tuple[str, str]:
    if (match := _NUMBER.fullmatch(number)) is None:
        raise ValueError(f"{number!r} is not the number of a part or a test, such as 2, 2.1 or 2.1a.")
    return match[1], match[2]
