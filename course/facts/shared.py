"""What the facts of several parts share: how accuracies are called, and how numbers are taken from records."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from course.records import Record, Run
from harness.facts import Fact

__all__ = ["Records", "accuracy", "accuracy_of", "end", "last_loss", "number", "points", "run_of", "timed"]

Records = Mapping[str, Record]
"""The records of one profile, by part."""

#: What the accuracy at the end of a run is called, by part and run, and how else answers call it.
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
    """What the accuracy of a run is called, and its other names; those of 1.1 are called by their rates."""
    if part == "1.1":
        return (f"test accuracy at learning rate {run.removeprefix('rate-')}",)
    return _ACCURACIES.get((part, run), (f"test accuracy of {run}",))


def accuracy(part: str, run: Run | None, *also: str, question: str = "") -> Iterator[Fact]:
    """The accuracy at the end: of the checkpoint, or of the curve, which differs by an image or two."""
    if run is not None and run.accuracies:
        name, *others = accuracy_of(part, run.name)
        curve = 100 * run.accuracies[-1]
        value = 100 * run.checkpoint.test.accuracy if run.checkpoint is not None else curve
        also = (*others, *also, *((f"accuracy after {len(run.accuracies)} epochs",) if others else ()))
        yield Fact(question or part, name, value, "%", tolerance=abs(value - curve) + 0.005, also=also)


def last_loss(question: str, where: str, run: Run | None, *also: str) -> Iterator[Fact]:
    """The mean of the last epoch's losses."""
    if run is not None and len(run.losses) >= len(run.accuracies) > 0:
        yield Fact(question, f"mean training loss over the last epoch{where}", run.last_loss, also=also)


def points(question: str, name: str, value: float, *also: str) -> Fact:
    """A difference of two shares, in percentage points."""
    return Fact(question, name, 100 * value, "points", tolerance=0.006, also=also)


def end(run: Run | None) -> float | None:
    """The share of the test images at the end."""
    if run is None or not run.accuracies:
        return None
    return run.checkpoint.test.accuracy if run.checkpoint is not None else run.accuracies[-1]


def run_of(found: Records, part: str, name: str) -> Run | None:
    """A part's run of this name; None where it was not made."""
    record = found.get(part)
    return record.run(name) if record is not None else None


def number(cell: object) -> float:
    """A table's cell as a number.

    Raises:
        ValueError: it is none.
    """
    if isinstance(cell, int | float) and math.isfinite(cell):
        return float(cell)
    raise ValueError("no number")


def timed(runs: Iterable[Run], how: str = "") -> str:
    """How times of these runs were measured, as the end of a fact's name: `` (mean, measured beside other runs)``."""
    beside = "measured beside other runs" if any(run.alone is False for run in runs) else ""
    said = ", ".join(filter(None, (how, beside)))
    return f" ({said})" if said else ""
