"""The outcome of validation as tables for terminals: by part, by test, and every error of the grader in full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import get_args

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from harness.catalog import GradedTest, read_suites
from harness.gradebook import Measurement
from harness.numbers import lies_in, sort_key
from harness.reports.text import counted
from harness.validation.cases import SOLUTION, Case, Kind, of_code
from harness.validation.verdicts import Verdict

__all__ = ["Catches", "by_test", "calibration", "catches", "closing", "messages", "render", "repeated"]

NEAR = 0.25
"""The share of its tolerance from which on a comparison is shown."""
FEW = 3
"""The most tests that may catch a case for it to show what each of them is for."""


@dataclass(frozen=True)
class Catches:
    """The cases that a test catches."""

    test: GradedTest
    caught: tuple[str, ...]
    """The cases that the test catches."""
    alone: tuple[str, ...]
    """The cases that no other test catches."""
    nearly_alone: tuple[str, ...]
    """The cases that one or two other tests of the same part catch as well."""


def catches(verdicts: Sequence[Verdict]) -> tuple[Catches, ...]:
    """The cases that each code test catches, for the parts of which a case was graded.

    A test that was skipped because another one failed catches nothing. The stubs are left out, since every test catches
    them.
    """
    cases = [verdict for verdict in verdicts if verdict.case.base == SOLUTION]
    tested = {number for verdict in cases for number in of_code(verdict.case.part)}
    found = []
    for test in read_suites():
        if test.number not in tested:
            continue
        noticed = [verdict for verdict in cases if test.number in verdict.catchers]

        def names(least: int, most: int, noticed: list[Verdict] = noticed, part: str = test.part) -> tuple[str, ...]:
            return tuple(
                verdict.case.name
                for verdict in noticed
                if least <= len(verdict.catchers) <= most and all(lies_in(number, part) for number in verdict.catchers)
            )

        found.append(Catches(test, tuple(verdict.case.name for verdict in noticed), names(1, 1), names(2, FEW)))
    return tuple(found)


def render(verdicts: Sequence[Verdict]) -> RenderableType:
    """The counts by part, and every error of the grader."""
    pieces: list[RenderableType] = [_by_part(verdicts)]
    if any(verdict.case.kind != "wrong" and not verdict.case.text for verdict in verdicts):
        pieces += [Text("For each part, Right also counts the solution, and Broken the stubs.")]
    if problems := list(_problems(verdicts)):
        pieces += ["", Text("Where the grader errs", style="bold underline"), *problems]
    return Group(*pieces)


def repeated(verdicts: Sequence[Verdict]) -> RenderableType:
    """The number of times that each case was graded with new inputs, and every difference."""
    table = Table(title="Right submissions, each time with new inputs", title_justify="left", box=None, pad_edge=False)
    table.add_column("Part")
    for name in ("Cases", "Gradings", "Differences", "Seconds"):
        table.add_column(name, justify="right", no_wrap=True)
    rows = sorted(verdicts, key=lambda verdict: sort_key(verdict.case.part))
    for part, group in groupby(rows, key=lambda verdict: verdict.case.part):
        those = list(group)
        table.add_row(
            part,
            str(len({verdict.case.name for verdict in those})),
            str(len(those)),
            str(sum(not verdict.is_right for verdict in those)),
            f"{sum(verdict.seconds for verdict in those):.0f}",
        )
    pieces: list[RenderableType] = [table]
    if near := _near(verdicts):
        pieces += ["", near]
    if problems := list(_problems(verdicts)):
        pieces += ["", *problems]
    return Group(*pieces)


def _near(verdicts: Sequence[Verdict]) -> RenderableType | None:
    """The comparisons in which correct values come near the tolerance, so that rare inputs may exceed it."""
    found: dict[tuple[str, str], list[tuple[float, str]]] = {}
    for verdict in verdicts:
        for number, shares in verdict.shares.items():
            for what, share in shares.items():
                found.setdefault((number, what), []).append((share, f"{verdict.case.name} (seed {verdict.seed})"))
    table = Table(title="Values nearest to a tolerance, which is 1", title_justify="left", box=None, pad_edge=False)
    table.add_column("Test", no_wrap=True)
    for name in ("Median", "Largest"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Value and submission", overflow="fold")
    shown: set[str] = set()
    for (number, what), those in sorted(found.items(), key=lambda one: max(one[1]), reverse=True):
        (largest, case), middle = max(those), sorted(those)[len(those) // 2][0]
        if largest >= NEAR and number not in shown:
            shown.add(number)
            table.add_row(number, f"{middle:.2f}", f"{largest:.2f}", f"{what}: {case}")
    if not table.row_count:
        return None
    note = "A largest share far above the median means that other inputs may exceed the tolerance."
    return Group(table, Text(note))


def calibration(verdicts: Sequence[Verdict]) -> RenderableType:
    """The measured bounds beside the values that the solution reaches over many seeds."""
    table = Table(title="Measured bounds and the solution", title_justify="left", box=None, pad_edge=False)
    table.add_column("Test", no_wrap=True)
    table.add_column("Measured", overflow="fold")
    for name in ("Bound", "Nearest", "Median", "Farthest", "Margin"):
        table.add_column(name, justify="right", no_wrap=True)
    found: dict[tuple[str, int], list[Measurement]] = {}
    for verdict in verdicts:
        for number, those in verdict.measurements.items():
            for index, one in enumerate(those):
                found.setdefault((number, index), []).append(one)
    for (number, _), those in sorted(found.items()):
        those.sort(key=lambda one: one.margin)
        nearest, middle, farthest = those[0], those[len(those) // 2], those[-1]
        spread = float(np.std([one.margin for one in those]))
        away = f"{nearest.margin / spread:.0f} σ" if spread else f"{nearest.margin:.4g}"
        bounds = sorted({min(one.bound for one in those), max(one.bound for one in those)})
        table.add_row(
            number,
            nearest.what,
            ("≥ " if nearest.rises else "< ") + " to ".join(f"{bound:.4g}" for bound in bounds),
            *(f"{one.value:.4g}" for one in (nearest, middle, farthest)),
            away,
        )
    margin = "Margin is the distance of the nearest value from its bound, in standard deviations if the values differ."
    return Group(table, "", Text(f"{len(verdicts)} runs. {margin}"))


def _by_part(verdicts: Sequence[Verdict]) -> Table:
    table = Table(title="Submissions whose right grade is known", title_justify="left", box=None, pad_edge=False)
    table.add_column("Part")
    for name in ("Wrong", "Right", "Broken", "Missed", "False alarms", "Faults", "Seconds"):
        table.add_column(name, justify="right", no_wrap=True)
    rows = sorted(verdicts, key=lambda verdict: sort_key(verdict.case.part))
    for part, those in groupby(rows, key=lambda verdict: verdict.case.part):
        table.add_row(part, *_counts(list(those)))
    table.add_section()
    table.add_row("", *_counts(verdicts), style="bold")
    return table


def _counts(verdicts: Sequence[Verdict]) -> Iterator[str]:
    for kind in get_args(Kind):
        those = [verdict for verdict in verdicts if verdict.case.kind == kind]
        yield f"{sum(verdict.is_right for verdict in those)} of {len(those)}" if those else ""
    kinds = Counter(error.kind for verdict in verdicts for error in verdict.errors)
    yield from (str(kinds[kind]) for kind in ("missed", "false alarm", "fault"))
    yield f"{sum(verdict.seconds for verdict in verdicts):.0f}"


def by_test(verdicts: Sequence[Verdict], known: Sequence[Case]) -> Table:
    """The cases that each test catches. A test that catches none is listed if every case of its part was graded.

    Args:
        known: all cases of validation, including those that were not graded.
    """
    graded = {verdict.case.id for verdict in verdicts}
    incomplete = {case.part for case in known if case.kind != "right" and case.id not in graded}
    table = Table(title="What each test catches", title_justify="left", box=None, pad_edge=False, expand=True)
    for name in ("Test", "Cases", "Alone", "With few"):
        table.add_column(name, justify="left" if name == "Test" else "right", no_wrap=True, min_width=len(name))
    table.add_column("Caught by this test alone, and (by few tests)", no_wrap=True, overflow="ellipsis", ratio=1)
    for one in catches(verdicts):
        if not one.caught and any(lies_in(one.test.number, part) for part in incomplete):
            continue
        few = [f"({name})" for name in one.nearly_alone]
        table.add_row(
            one.test.number,
            str(len(one.caught)),
            str(len(one.alone)),
            str(len(one.nearly_alone)),
            ", ".join([*one.alone, *few]) or ("NOTHING: superfluous?" if not one.caught else "never alone"),
        )
    return table


def _problems(verdicts: Sequence[Verdict]) -> Iterator[Text]:
    for verdict in verdicts:
        for error in verdict.errors:
            yield Text(f"{verdict.case.id} (seed {verdict.seed}): {error.kind}: {error.text}")


def messages(verdicts: Sequence[Verdict]) -> Iterator[Text]:
    """The messages that each wrong or broken case gets, so that a person can judge whether they help."""
    for verdict in sorted(
        verdicts, key=lambda verdict: (sort_key(verdict.case.part), verdict.case.kind, verdict.case.name)
    ):
        if verdict.case.base != SOLUTION or not verdict.catchers:
            continue
        yield Text(f"\n{verdict.case.id}: {verdict.case.title}", style="bold")
        said = {number: verdict.lost[number] for number in sorted(verdict.catchers)}
        for message, count in Counter(said.values()).items():
            first = next(number for number, one in said.items() if one == message)
            yield Text(f"  {first}{f' and {count - 1} more' if count > 1 else ''}: " + message.replace("\n", "\n    "))


def closing(verdicts: Sequence[Verdict]) -> str:
    """One sentence with the verdict on the grader."""
    wrong = sum(not verdict.is_right for verdict in verdicts)
    graded = f"{counted(len(verdicts), 'submission')} {'was' if len(verdicts) == 1 else 'were'} graded"
    return f"{graded}; the grader errs in {f'{wrong} of them' if wrong else 'none'}."
