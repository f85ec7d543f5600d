"""Checks that a list isn't empty.

With an empty list of secrets or tests, a check would pass without checking anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

__all__ = ["NothingFoundError", "all_in_use", "at_least_one"]

T = TypeVar("T")


class NothingFoundError(ValueError):
    """A list that must not be empty is empty. The text says which, and what to do."""


def at_least_one(found: Iterable[T], what: str, remedy: str) -> tuple[T, ...]:
    """Return the items as a tuple that has at least one.

    Args:
        what: the missing thing as the subject of a sentence: "A case of the kind wrong".
        remedy: what to do if the list is empty: "restore grader/cases/wrong".

    Raises:
        NothingFoundError: the list is empty.
    """
    if all_found := tuple(found):
        return all_found
    raise NothingFoundError(f"{what} was expected, and none was found: {remedy}.")


def all_in_use(prefixes: Iterable[str], names: Iterable[str], where: str) -> None:
    """Check that each prefix is the beginning of a name.

    Raises:
        NothingFoundError: a prefix is the beginning of no name.
    """
    known = tuple(names)
    if unused := [prefix for prefix in prefixes if not any(name.startswith(prefix) for name in known)]:
        raise NothingFoundError(f"{where} names {', '.join(unused)}, which doesn't exist: correct the name.")
