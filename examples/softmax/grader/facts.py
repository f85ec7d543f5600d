"""Facts about a submission besides those that its tests measure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.facts import Fact

__all__ = ["facts"]


def facts(work: Path, report: dict[str, Any]) -> Iterator[Fact]:
    """Whether the classifier is what the answer is about; ``harness.facts.facts_of`` adds what tests measured.

    Args:
        work: the folder with material for marking. This problem set has no results of experiments.
        report: the submission's results.json.
    """
    for row in report["tests"]:
        if row.get("number") == "2.1b":
            right = "yes" if row["status"] == "passed" else "no"
            yield Fact("2.1", "the classifier's outputs are logarithms of probabilities", right, source="verdict")
