"""What staff know about a submission besides what its tests measured: what its records say, and what is right.

Students go without this module: it says answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from course.facts import facts_of_records, read_records
from harness.facts import Fact

__all__ = ["facts"]

#: Layers and heads that answers are likely to count for: the notebook's test, one of each, and the first transformer.
COUNTED = ((4, 8), (1, 1), (6, 8))
#: What an answer may take for granted only where a test of the code says so: question, test, and what it is about.
PRESUPPOSED = (
    ("1.2", "1.2a", "multistep divides the rate by 10 after epochs 25, 50 and 75"),
    ("1.2", "1.2b", "cosine annealing follows half a cosine"),
    ("2.1", "2.1d", "values come back within half a step"),
    ("2.2", "2.2a", "every parameter is quantized"),
    ("2.3", "2.3b", "values are rounded up with the probability of their fraction"),
    ("2.3", "2.3d", "elements are drawn one by one"),
    ("3.3", "3.3a", "the filters of the smallest norm are pruned"),
    ("3.3", "3.3f", "filters that are off stay off"),
    ("3.4", "3.4a", "the weights of the smallest magnitude are pruned"),
    ("3.4", "3.4f", "weights that are off stay off"),
    ("5.1", "5.1s", "count_matmuls is right"),
    ("6.1", "6.1e", "the layer has C_in·k² + C_in·C_out parameters"),
    ("6.2", "6.1b", "the layer computes what the provided one does"),
)
SAID = {"passed": "yes", "failed": "no", "partial": "in part", "not implemented": "not implemented"}


def facts(work: Path, report: dict[str, Any]) -> Iterator[Fact]:
    """The facts of a submission; ``harness.facts.facts_of`` adds those that tests measured.

    Args:
        work: the folder of what marking needs, with ``results/PART/record.json`` where there are any.
        report: the submission's results.json.
    """
    yield from facts_of_records(read_records(work / "results"))
    for layers, heads in COUNTED:
        name = f"matrix products of {layers} layers with {heads} heads (by the formula N(15h + 7) + 1)"
        yield Fact("5.1", name, layers * (15 * heads + 7) + 1, source="verdict")
    states = {row.get("number"): row.get("extra_data", {}).get("state") for row in report.get("tests", ())}
    for question, test, what in PRESUPPOSED:
        if states.get(test) in SAID:
            yield Fact(question, f"{what} (test {test})", SAID[states[test]], source="verdict")
