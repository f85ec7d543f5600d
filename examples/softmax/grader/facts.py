"""What is known about a submission besides what its tests measured."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.facts import Fact

__all__ = ["facts"]


def facts(work: Path, report: dict[str, Any]) -> Iterator[Fact]:
    """Whether the classifier is what the answer is about; ``harness.facts.facts_of`` adds what tests measured.

    Args:
        work: the folder of what marking needs; this problem set has no results of experiments in it.
        report: the submission's results.json.
    """
    for row in report["tests"]:
        if row.get("number") == "2.1b":
            right = "yes" if row["status"] == "passed" else "no"
            yield Fact("2.1", "the classifier's outputs are logarithms of probabilities", right, source="verdict")
