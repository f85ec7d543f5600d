"""The facts of part 3: pruning steps, zeros, and the comparison with the unpruned baseline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from course.facts.shared import Records, accuracy, end, last_loss, number, points, run_of
from course.records import Run
from harness.facts import Fact

__all__ = ["filters", "unpruned", "weights"]

ORDINALS = ("first", "second", "third", "fourth", "fifth")


def unpruned(found: Records) -> Iterator[Fact]:
    """Yield the facts of part 3.2: the accuracy without pruning, and the difference to ConvNet."""
    run = found["3.2"].run("unpruned")
    yield from accuracy("3.2", run)
    yield from last_loss("3.2", "", run)
    convnet = run_of(found, "1.1", "rate-0.1")
    yield from (
        msgspec.structs.replace(fact, name="test accuracy of ConvNet at the same rate (1.1)", also=())
        for fact in accuracy("1.1", convnet, question="3.2")
    )
    other, own = end(convnet), end(run)
    if other is not None and own is not None:
        yield points("3.2", "difference to ConvNet of 1.1 in test accuracy", own - other, "difference")


def filters(found: Records) -> Iterator[Fact]:
    """Yield the facts of part 3.3: pruned filters against the unpruned baseline."""
    yield from _pruned("3.3", found)
    yield from _baseline("3.3", found, "pruned filters")


def weights(found: Records) -> Iterator[Fact]:
    """Yield the facts of part 3.4: pruned single weights against the baseline and against pruned filters."""
    yield from _pruned("3.4", found)
    yield from _baseline("3.4", found, "pruned single weights")
    structured = run_of(found, "3.3", "pruned")
    yield from (
        msgspec.structs.replace(fact, also=fact.also[:2]) for fact in accuracy("3.3", structured, question="3.4")
    )
    one, other = end(run_of(found, "3.4", "pruned")), end(structured)
    if one is not None and other is not None:
        name = "difference in test accuracy, single weights minus filters"
        also = [
            "difference structured unstructured",
            "better structured unstructured",
            "unstructured better structured",
        ]
        yield points("3.4", name, one - other, *also)


def _pruned(part: str, found: Records) -> Iterator[Fact]:
    run = found[part].run("pruned")
    if run is None or not run.accuracies:
        return
    yield from accuracy(part, run)
    among = 0.0
    if (table := found[part].table("zeros")) is not None:
        zeros, among = (sum(number(row[column]) for row in table.rows) for column in (2, 1))
        share = 100 * zeros / among
        also = ["share zeros", "sparsity", "share pruned", "weights zero", "pruned"]
        yield Fact(part, "share of the weights that are zero at the end", share, "%", tolerance=0.5, also=tuple(also))
        yield Fact(part, "weights that are zero at the end", zeros, also=("zeros",))
        yield Fact(part, "weights of all convolutions", among)
    epochs = [int(epoch) for epoch in found[part].values.get("pruned after epoch", ())]
    yield from _steps(part, run, epochs, among)


def _steps(part: str, run: Run, epochs: Sequence[int], among: float) -> Iterator[Fact]:
    """Yield the accuracy before and after each pruning step. The curve's value at a step's epoch is the one after it.

    Args:
        epochs: the epochs after which the network was pruned.
        among: the number of weights in all convolutions; 0 if the record lacks it.
    """
    losses = []
    also: tuple[str, ...]
    for ordinal, epoch in zip(ORDINALS, dict.fromkeys(epochs), strict=False):
        if not 2 <= epoch <= len(run.accuracies):
            continue
        before, after = run.accuracies[epoch - 2], run.accuracies[epoch - 1]
        losses.append(before - after)
        for when, value in (("before", before), ("after", after)):
            also = (f"accuracy {when} {ordinal} pruning", f"accuracy {when} epoch {epoch}")
            name = f"test accuracy {when} the pruning step at epoch {epoch}"
            yield Fact(part, name, 100 * value, "%", also=also)
        also = (f"loss at epoch {epoch}", f"loss {ordinal} pruning", f"loss {ordinal} step")
        yield points(part, f"change of test accuracy by the pruning step at epoch {epoch}", after - before, *also)
        if among and len(run.zeros) >= epoch:
            name = f"share of the weights that are zero after the pruning step at epoch {epoch}"
            yield Fact(part, name, 100 * sum(run.zeros[epoch - 1]) / among, "%", tolerance=0.5)
        recovered = next((later for later, now in enumerate(run.accuracies[epoch:], 1) if now >= before), None)
        name = f"epochs to recover from the pruning step at epoch {epoch}"
        if after >= before:
            yield Fact(part, name, "nothing was lost")
        elif recovered is None:
            yield Fact(part, name, "it does not recover")
        else:
            yield Fact(part, name, recovered, "epochs", tolerance=1, also=(f"recovers {ordinal}", "recovers"))
    if max(losses, default=0.0) > 0:
        also = ("largest loss", "most loss", "loss up to")
        yield points(part, "largest loss of test accuracy by a pruning step", max(losses), *also)


def _baseline(part: str, found: Records, title: str) -> Iterator[Fact]:
    baseline = run_of(found, "1.2", "multistep")
    own, other = end(found[part].run("pruned")), end(baseline)
    if baseline is None or own is None or other is None:
        return
    others = ("accuracy baseline", "accuracy unpruned", "accuracy dense", "accuracy original")
    name = "test accuracy of the unpruned baseline"
    for fact in accuracy("1.2", baseline, question=part):
        yield msgspec.structs.replace(fact, name=name, also=others)
    words = ("difference", "lower", "below", "worse", "loss", "better", "above", "higher")
    also = [f"{word} baseline" for word in words]
    yield points(part, f"difference of the network with {title} to the unpruned baseline", own - other, *also)
