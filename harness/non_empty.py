"""Lists that must not be empty: a list of secrets, or of tests, that matches nothing would pass by itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

__all__ = ["NothingFoundError", "all_in_use", "at_least_one"]

T = TypeVar("T")


class NothingFoundError(ValueError):
    """Nothing matches what must match something; the text says what, and what to do."""


def at_least_one(found: Iterable[T], what: str, remedy: str) -> tuple[T, ...]:
    """What was found, as a tuple.

    Args:
        what: what was looked for, as the subject of a sentence: "A case of the kind wrong".
        remedy: what to do where there is none: "restore grader/cases/wrong".

    Raises:
        NothingFoundError: nothing was found.
    """
    if all_found := tuple(found):
        return all_found
    raise NothingFoundError(f"{what} was expected, and none was found: {remedy}.")


def all_in_use(prefixes: Iterable[str], names: Iterable[str], where: str) -> None:
    """See that each prefix is the beginning of a name.

    Raises:
        NothingFoundError: one is the beginning of none.
    """
    known = tuple(names)
    if unused := [prefix for prefix in prefixes if not any(name.startswith(prefix) for name in known)]:
        raise NothingFoundError(f"{where} names {', '.join(unused)}, which doesn't exist: correct the name.")
