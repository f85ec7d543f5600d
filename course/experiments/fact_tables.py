"""What records say about a question, as tables: a row for each fact, or for each epoch, rate or layer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from course.experiments.wording import duration, even
from course.plotting import number
from harness.facts import Fact

__all__ = ["FactTable", "fact_tables", "shown"]

#: Short heads of columns, for names of facts.
HEADS = {
    "test accuracy before the pruning step": "test accuracy before the step",
    "test accuracy after the pruning step": "right after the step",
    "change of test accuracy by the pruning step": "change",
    "share of the weights that are zero after the pruning step": "weights that are zero",
    "epochs to recover from the pruning step": "epochs to recover",
    "parameters of a convolution": "parameters, convolution",
    "parameters of a depthwise separable convolution": "depthwise separable",
    "factor of the parameters": "factor",
    "factor by theory": "factor by theory",
    "1/C_out + 1/k² by theory": "theory: 1/C_out + 1/k²",
}
NOTES = {
    "epochs to recover": "Epochs to recover: those until the accuracy from before the step is reached again. "
    "Before the step is after the epoch before it, and right after the step is before any other training."
}
SPREAD = ": mean ± standard error"
#: Facts whose sign says which of two is larger.
SIGNED = ("change", "difference")
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
    note: str = ""
    """A sentence on what a column is."""


def fact_tables(facts: Sequence[Fact]) -> list[FactTable]:
    """The facts one below the other; then those of several epochs, rates or layers, with a row for each of these.

    A value that also stands with its standard error is left out. One at the end of a training whose earlier values
    are a column is that column's last row. A unit that a column shares stands in its head.
    """
    with_spread = {fact.name.removesuffix(SPREAD) for fact in facts if fact.name.endswith(SPREAD)}
    several: dict[str, dict[str, Fact]] = {}
    single: list[Fact] = []
    for fact in facts:
        if (match := VARIANT.fullmatch(fact.name)) is not None:
            several.setdefault(match["name"], {})[match["variant"]] = fact
        elif fact.name not in with_spread:
            single.append(fact)
    for fact in [one for one in single if one.name in several]:
        single.remove(fact)
        within = any("of the epoch" in variant for variant in several[fact.name])
        several[fact.name]["after the epoch" if within else "at the end"] = fact
    tables = [FactTable([], [(fact.name, [shown(fact)]) for fact in single])] if single else []
    if several:
        tables.append(_of_several(several))
    return tables


def _of_several(several: Mapping[str, Mapping[str, Fact]]) -> FactTable:
    heads, cells = [], []
    for name, column in several.items():
        head, texts = HEADS.get(name, name), {variant: shown(fact) for variant, fact in column.items()}
        units = {fact.unit for fact in column.values()}
        if len(units) == 1 and (unit := units.pop()) in ("%", "points", "×"):
            head = f"{head} ({unit})"
            texts = {variant: text.removesuffix(f"\u00a0{unit}") for variant, text in texts.items()}
        heads.append(head)
        cells.append(texts)
    variants = dict.fromkeys(variant for column in several.values() for variant in column)
    steps = any(name.endswith("pruning step") for name in several)
    rows = [
        (f"step after {variant}" if steps else variant, [texts.get(variant, "") for texts in cells])
        for variant in variants
    ]
    return FactTable(heads, rows, " ".join(NOTES[head] for head in heads if head in NOTES))


def shown(fact: Fact) -> str:
    """A fact's value: accuracies with two decimals, changes with their sign, and long times in minutes too."""
    if isinstance(fact.value, str):
        return fact.value
    if fact.unit in ("%", "points"):
        sign = "+" if fact.unit == "points" and fact.name.startswith(SIGNED) else ""
        return f"{fact.value:{sign}.2f}\u00a0{fact.unit}".replace("-", "−")
    if fact.unit == "s":
        seconds = f"{number(round(fact.value, 2))}\u00a0s"
        minutes = duration(fact.value).replace(" ", "\u00a0")
        return f"{seconds} ({minutes})" if fact.value >= 60 else seconds
    if fact.unit == "×":
        return f"{even(fact.value)}\u00a0×"
    if fact.unit:
        return fact.shown.replace("-", "−")
    return even(fact.value) if "loss" in fact.name else number(fact.value)
