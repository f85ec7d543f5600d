"""What records say about a question, as tables: a row for each fact, or for each epoch, rate or layer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from course.experiments.wording import duration
from course.plotting import number
from harness.facts import Fact

__all__ = ["FactTable", "fact_tables", "shown"]

#: How the names of facts end that differ in one number; it names their row.
VARIANT = re.compile(
    r"(?P<name>.+?),? (?:at )?(?P<variant>epoch \d+|learning rate \S+|\d+ → \d+ channels"
    r"|before the training|after (?:a quarter|half|three quarters) of the epoch)"
)


class FactTable(NamedTuple):
    """A table of facts."""

    columns: list[str]
    """The heads of the columns of values; empty where there is one value a row, whose name says it all."""
    rows: list[tuple[str, list[str]]]
    """The name of each row and its cells."""


def fact_tables(facts: Sequence[Fact]) -> list[FactTable]:
    """The facts one below the other; then those of several epochs, rates or layers, with a row for each of these."""
    single: list[tuple[str, list[str]]] = []
    rows: dict[str, dict[str, str]] = {}
    columns: dict[str, None] = {}
    for fact in facts:
        if (match := VARIANT.fullmatch(fact.name)) is None:
            single.append((fact.name, [shown(fact)]))
        else:
            rows.setdefault(match["variant"], {})[match["name"]] = shown(fact)
            columns[match["name"]] = None
    tables = [FactTable([], single)] if single else []
    if rows:
        several = [(name, [cells.get(column, "") for column in columns]) for name, cells in rows.items()]
        tables.append(FactTable(list(columns), several))
    return tables


def shown(fact: Fact) -> str:
    """A fact's value: accuracies with two decimals, and long times in minutes too."""
    if isinstance(fact.value, str):
        return fact.value
    if fact.unit in ("%", "points"):
        return f"{fact.value:.2f}\u00a0{fact.unit}".replace("-", "−")
    if fact.unit == "s":
        seconds = f"{number(round(fact.value, 2))}\u00a0s"
        minutes = duration(fact.value).replace(" ", "\u00a0")
        return f"{seconds} ({minutes})" if fact.value >= 60 else seconds
    return fact.shown.replace("-", "−") if fact.unit else number(fact.value)
