"""Compute facts from records: for each question, the numbers that an answer can mention.

Records may come from anybody, and may lack anything. Facts that can't be computed are left out. Parts are compared only
if they were run with the same profile.
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
"""The name of a fact that every part has."""


def read_records(folder: Path) -> dict[str, Record]:
    """Return the records in a folder of results, by part. Records that can't be read are left out."""
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
    """Return the finite facts of all parts that have a record.

    Args:
        found: the records by part.
    """
    facts: list[Fact] = []
    for part, of_part in _PARTS.items():
        if part not in found:
            continue
        profile = found[part].profile
        facts.append(Fact(part, PROFILE, profile[:20]))
        try:
            for fact in of_part({other: record for other, record in found.items() if record.profile == profile}):
                facts.append(fact)
        except (LookupError, ValueError, TypeError, ArithmeticError, AttributeError):
            continue  # the record lacks data, or other software wrote it
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
