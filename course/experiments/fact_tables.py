"""What records say about a question, as tables: one row a fact, and a column for each epoch, rate or layer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from course.experiments.wording import duration
from course.plotting import number
from harness.facts import Fact

__all__ = ["FactTable", "fact_tables", "shown"]

#: How the names of facts that differ in one number end; the number heads a column.
VARIANT = re.compile(r"(?P<name>.+?),? (?:at |, )?(?P<variant>epoch \d+|learning rate \S+|\d+ → \d+ channels)")


class FactTable(NamedTuple):
    """A table of facts."""

    columns: list[str]
    """The heads of the columns; empty where there is one value a row."""
    rows: list[tuple[str, list[str]]]
    """The name of each row and its cells."""


def fact_tables(facts: Sequence[Fact]) -> list[FactTable]:
    """The facts one below the other, and those of several epochs, rates or layers side by side below them."""
    single: list[tuple[str, list[str]]] = []
    variants: dict[str, dict[str, str]] = {}
    columns: dict[str, None] = {}
    for fact in facts:
        if (match := VARIANT.fullmatch(fact.name)) is None:
            single.append((fact.name, [shown(fact)]))
        else:
            variants.setdefault(match["name"], {})[match["variant"]] = shown(fact)
            columns[match["variant"]] = None
    tables = [FactTable([], single)] if single else []
    if variants:
        rows = [(name, [cells.get(column, "") for column in columns]) for name, cells in variants.items()]
        tables.append(FactTable(list(columns), rows))
    return tables


def shown(fact: Fact) -> str:
    """A fact's value: accuracies with two decimals, and long times in minutes too."""
    if isinstance(fact.value, str):
        return fact.value
    if fact.unit in ("%", "points"):
        return f"{fact.value:.2f}\u00a0{fact.unit}".replace("-", "−")
    if fact.unit == "s":
        seconds = f"{number(round(fact.value, 2))}\u00a0s"
        return f"{seconds} ({duration(fact.value)})" if fact.value >= 60 else seconds
    return fact.shown.replace("-", "−") if fact.unit else number(fact.value)
