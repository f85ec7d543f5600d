"""Facts about a submission besides those that its tests measure: from its records, and known correct values.

Students don't get this module, because it contains answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from course.facts import facts_of_records, read_records
from harness.facts import Fact

__all__ = ["facts"]

#: The numbers of layers and heads in the notebook's test of count_matmuls.
LAYERS, HEADS = 4, 8
#: The shape of MNISTNet's first layer: 784 inputs, 128 outputs.
WEIGHTS = 784 * 128
#: With a scale and a shift for each of the layer's 784 rows, which is also correct, the ratio is this much below 4.
BY_ROW = 4 - 4 * WEIGHTS / (WEIGHTS + 8 * 784)
#: Facts that hold for an answer only if a test of the code has passed: question, test, and subject.
PRESUPPOSED = (
    ("1.2", "1.2a", "multistep divides the rate by 10 after epochs 25, 50 and 75"),
    ("1.2", "1.2b", "cosine annealing follows half a cosine"),
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
        work: the folder with material for marking, with ``results/PART/record.json`` if there are results.
        report: the submission's results.json.
    """
    yield from facts_of_records(read_records(work / "results"))
    yield from _of_a_layer()
    name = f"matrix products of the notebook's transformer ({LAYERS} layers, {HEADS} heads: N(15h + 7) + 1)"
    also = ("matrix products", f"matrix products {LAYERS} {HEADS}")
    yield Fact("5.1", name, LAYERS * (15 * HEADS + 7) + 1, source="verdict", also=also)
    states = {row.get("number"): row.get("extra_data", {}).get("state") for row in report.get("tests", ())}
    for question, test, what in PRESUPPOSED:
        if states.get(test) in SAID:
            yield Fact(question, f"{what} (test {test})", SAID[states[test]], source="verdict")


def _of_a_layer() -> Iterator[Fact]:
    """The facts on the bytes of MNISTNet's first layer, which don't depend on the submission."""
    before, codes = 4 * WEIGHTS, WEIGHTS
    also: tuple[str, ...] = ("size original", "size float32", "size before")
    yield Fact("2.1", "bytes of 784×128 weights in float32", before, "B", "verdict", also=also)
    # The record counts the whole network. Both facts have the same names, so that an answer about either isn't
    # contradicted.
    also = ("size at 8 bits", "size quantized", "size after")
    yield Fact("2.1", "bytes of 784×128 weights as codes of 8 bits", codes, "B", "verdict", also=also)
    yield Fact("2.1", "bytes of a scale and a shift, alone, as two numbers in float32", 8, "B", "verdict")
    name = "times smaller at 8 bits with extra arguments (784×128 weights, with a scale and a shift)"
    also = ("smaller", "layer smaller", "factor")
    yield Fact("2.1", name, before / (codes + 8), "×", "verdict", tolerance=BY_ROW, also=also)
