"""The facts that records hold, by question: the numbers that an answer can mention, computed and not read off a figure.

Records may come from anybody, and may lack anything: what can't be computed is left out. Parts are compared where
they were run with the same profile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from course import records
from course.facts import networks, pruning, quantization, training
from course.facts.shared import Records, accuracy_of
from course.records import Record, RecordError
from harness.facts import Fact

__all__ = ["PROFILE", "accuracy_of", "facts_of_records", "read_records"]

PROFILE = "profile of the experiments"
"""The name of a fact of every part."""


def read_records(folder: Path) -> dict[str, Record]:
    """The records below a folder that can be read, by their part."""
    found = {}
    for part in records.PARTS:
        try:
            record = records.read(folder / part)
        except (RecordError, OSError):
            continue
        if record.part == part:
            found[part] = record
    return found


def facts_of_records(found: Mapping[str, Record]) -> list[Fact]:
    """The facts of all parts that were run."""
    facts: list[Fact] = []
    for part, of_part in _PARTS.items():
        if part not in found:
            continue
        profile = found[part].profile
        facts.append(Fact(part, PROFILE, profile[:20]))
        try:
            for fact in of_part({other: record for other, record in found.items() if record.profile == profile}):
                facts.append(fact)
        except (
            LookupError,
            ValueError,
            TypeError,
            ArithmeticError,
            AttributeError,
        ):  # no record as they are written here
            continue
    return [fact for fact in facts if fact.is_finite]


_PARTS: dict[str, Callable[[Records], Iterable[Fact]]] = {
    "1.1": training.rates,
    "1.2": training.schedules,
    "2.1": quantization.sizes,
    "2.2": quantization.by_bits,
    "2.3": quantization.rounding,
    "3.2": pruning.unpruned,
    "3.3": pruning.filters,
    "3.4": pruning.weights,
    "4.2": training.fine_tuned,
    "5.1": networks.transformer,
    "6.1": networks.layer_sizes,
    "6.2": networks.two_layers,
}
