"""Helpers for the facts of several parts: names of accuracies, and numbers from records."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from course.records import Record, Run
from harness.facts import Fact

__all__ = ["Records", "accuracy", "accuracy_of", "end", "last_loss", "number", "points", "run_of", "timed"]

Records = Mapping[str, Record]
"""The records of one profile, by part."""

#: The name of the final accuracy by part and run, and other names that answers use for it.
_ACCURACIES: dict[tuple[str, str], tuple[str, ...]] = {
    ("1.2", "multistep"): ("test accuracy with multistep", "accuracy multisteplr", "accuracy multi"),
    ("1.2", "cosine-annealing"): (
        "test accuracy with cosine annealing",
        "accuracy cosine",
        "accuracy cosineannealinglr",
    ),
    ("3.2", "unpruned"): ("test accuracy without pruning", "test accuracy", "final accuracy"),
    ("3.3", "pruned"): (
        "test accuracy at the end with pruned filters",
        "accuracy structured",
        "accuracy filter",
        "final accuracy",
    ),
    ("3.4", "pruned"): (
        "test accuracy at the end with pruned single weights",
        "accuracy unstructured",
        "accuracy weights",
        "accuracy single",
        "final accuracy",
    ),
    ("4.2", "pt-net"): ("test accuracy of pt_net",),
    ("4.2", "net-freeze"): ("test accuracy of net_freeze",),
    ("4.2", "net-freeze-lora"): ("test accuracy of net_freeze_lora",),
    ("6.2", "yours"): ("test accuracy with your own layer",),
    ("6.2", "provided"): ("test accuracy with the provided layer",),
    ("6.2", "adam"): ("test accuracy of DWConvNet at the end", "final accuracy", "accuracy dwconvnet"),
}


def accuracy_of(part: str, run: str) -> tuple[str, ...]:
    """Return the name of a run's final accuracy, and other names that answers use. Runs of 1.1 are named by rate."""
    if part == "1.1":
        return (f"test accuracy at learning rate {run.removeprefix('rate-')}",)
    return _ACCURACIES.get((part, run), (f"test accuracy of {run}",))


def accuracy(part: str, run: Run | None, *also: str, question: str = "") -> Iterator[Fact]:
    """Yield the final test accuracy in %, of the checkpoint if there is one; nothing for a run without an epoch.

    The tolerance includes the curve's last value, which may differ by an image or two.

    Args:
        also: further names that answers use.
        question: the question of the fact; by default the part.
    """
    if run is not None and run.accuracies:
        name, *others = accuracy_of(part, run.name)
        curve = 100 * run.accuracies[-1]
        value = 100 * run.checkpoint.test.accuracy if run.checkpoint is not None else curve
        also = (*others, *also, *((f"accuracy after {len(run.accuracies)} epochs",) if others else ()))
        yield Fact(question or part, name, value, "%", tolerance=abs(value - curve) + 0.005, also=also)


def last_loss(question: str, where: str, run: Run | None, *also: str) -> Iterator[Fact]:
    """Yield the mean of the last epoch's losses."""
    if run is not None and len(run.losses) >= len(run.accuracies) > 0:
        yield Fact(question, f"mean training loss over the last epoch{where}", run.last_loss, also=also)


def points(question: str, name: str, value: float, *also: str) -> Fact:
    """Return a difference of two shares, such as 0.021, as a fact in percentage points."""
    return Fact(question, name, 100 * value, "points", tolerance=0.006, also=also)


def end(run: Run | None) -> float | None:
    """Return the final test accuracy in [0, 1]; None for a run without an epoch."""
    if run is None or not run.accuracies:
        return None
    return run.checkpoint.test.accuracy if run.checkpoint is not None else run.accuracies[-1]


def run_of(found: Records, part: str, name: str) -> Run | None:
    """Return a part's run of this name; None if there is none."""
    record = found.get(part)
    return record.run(name) if record is not None else None


def number(cell: object) -> float:
    """Return a table's cell as a number.

    Raises:
        ValueError: the cell is a text, or is not finite.
    """
    if isinstance(cell, int | float) and math.isfinite(cell):
        return float(cell)
    raise ValueError("not a finite number")


def timed(runs: Iterable[Run], how: str = "") -> str:
    """Return the end of a fact's name that says how times were measured: ``(mean, measured beside other runs)``."""
    beside = "measured beside other runs" if any(run.alone is False for run in runs) else ""
    said = ", ".join(filter(None, (how, beside)))
    return f" ({said})" if said else ""
