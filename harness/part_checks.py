"""What commands check before they grade: the parts that are named, and that the tests have the manifest's points."""

from __future__ import annotations

import math
from collections.abc import Iterable

from harness.catalog import chosen, read_suites
from harness.console import stop
from harness.edition import EDITION
from harness.numbers import lies_in
from harness.problem import problem

__all__ = ["mistake_in_points", "refuse_unknown", "refuse_wrong_points"]


def refuse_unknown(parts: Iterable[str]) -> None:
    """End the command where one of these is neither a part with tests nor a test."""
    for name in parts:
        if not chosen(read_suites(), [name]):
            if EDITION == "staff" and any(lies_in(part.number, name) for part in problem().part):
                stop(_no_test(name))
            known = ", ".join(dict.fromkeys(test.part for test in read_suites()))
            stop(f"There is no test of part {name}: choose one of {known}.")


def refuse_wrong_points(parts: Iterable[str] = ()) -> None:
    """End the command where the tests of one of these parts have other points than the manifest; default: all parts.

    Only a copy with all tests can tell. On Gradescope a report is worth more than right sums, so the zip isn't built.
    """
    if EDITION == "staff" and (mistake := mistake_in_points(parts)):
        stop(mistake)


def mistake_in_points(parts: Iterable[str] = ()) -> str:
    """A sentence on the first of these parts whose tests have other points than the manifest; empty if there is none.

    Args:
        parts: numbers of parts or tests; all parts if there are none.
    """
    wanted = tuple(parts)
    for part in problem().part:
        if wanted and not any(lies_in(part.number, one) or lies_in(one, part.number) for one in wanted):
            continue
        given = [test.points for test in read_suites() if test.part == part.number]
        if not given and part.automatic:
            return _no_test(part.number)
        if not math.isclose(total := sum(given), part.automatic):
            have = f"{total:g} point{'' if total == 1 else 's'}"
            return (
                f"The tests of part {part.number} have {have}, problem.toml says {part.automatic}: correct one of them."
            )
    return ""


def _no_test(number: str) -> str:
    return f"Part {number} has no test yet: write one in {problem().place}/suites/."
