"""Tables of the facts that records hold about a question, with a row for each fact, epoch, rate or layer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from course.experiments.wording import duration, even
from course.plotting import number
from harness.facts import Fact

__all__ = ["FactTable", "fact_tables", "shown"]

#: A short column head for each name of a fact.
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
    "epochs to recover": "Epochs to recover: epochs until the accuracy before the step is reached again. Before the "
    "step: after the epoch before it. Right after the step: before any further training."
}
SPREAD = ": mean ± standard error"
#: Names of facts whose sign is shown begin with these words.
SIGNED = ("change", "difference")
#: The end of a name that differs between facts in one number. That number names the row.
VARIANT = re.compile(
    r"(?P<name>.+?),? (?:at )?(?P<variant>epoch \d+|learning rate \S+|\d+ → \d+ channels"
    r"|before the training|after (?:a quarter|half|three quarters) of the epoch)"
)


class FactTable(NamedTuple):
    """A table of facts."""

    columns: list[str]
    """The heads of the columns of values. Empty if each row has one value, which the row's name explains."""
    rows: list[tuple[str, list[str]]]
    """The name of each row and its cells."""
    note: str = ""
    """Sentences that explain a column."""


def fact_tables(facts: Sequence[Fact]) -> list[FactTable]:
    """Return a table of single facts, and one of the facts that several epochs, rates or layers have.

    A value is left out if another fact has it with its standard error. If a column has the values of several epochs,
    the value at the end of the training is its last row. A unit that a whole column shares goes into the head.
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
    """Format a fact's value: accuracies have two decimals, changes their sign, and long times minutes as well."""
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
