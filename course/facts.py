"""The facts that records hold, by question: the numbers that an answer can mention, computed and not read off a figure.

Records may come from anybody, and may lack anything: what can't be computed is left out.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from course import records
from course.records import Record, RecordError, Run, Table
from harness.facts import Fact

__all__ = ["accuracy_of", "facts_of_records", "read_records"]

BITS = (8, 4, 2)
ORDINALS = ("first", "second", "third", "fourth", "fifth")

Records = Mapping[str, Record]


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


def facts_of_records(found: Records) -> list[Fact]:
    """The facts of all parts that were run."""
    facts: list[Fact] = []
    for part, of_part in _PARTS.items():
        if part not in found:
            continue
        facts.append(Fact(part, "profile of the experiments", found[part].profile[:20]))
        try:
            for fact in of_part(found):
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


# ---- what parts share ----------------------------------------------------------------------------------------------


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


def _accuracy(part: str, run: Run | None, *also: str, question: str = "") -> Iterator[Fact]:
    """The accuracy at the end: of the checkpoint, or of the curve, which differs by an image or two."""
    if run is not None and run.accuracies:
        name, *others = accuracy_of(part, run.name)
        curve = 100 * run.accuracies[-1]
        value = 100 * run.checkpoint.test.accuracy if run.checkpoint is not None else curve
        also = (*others, *also, *((f"accuracy after {len(run.accuracies)} epochs",) if others else ()))
        yield Fact(question or part, name, value, "%", tolerance=abs(value - curve) + 0.005, also=also)


def _points(question: str, name: str, value: float, *also: str) -> Fact:
    return Fact(question, name, 100 * value, "points", tolerance=0.006, also=also)


def _end(run: Run | None) -> float | None:
    """The share of the test images at the end."""
    if run is None or not run.accuracies:
        return None
    return run.checkpoint.test.accuracy if run.checkpoint is not None else run.accuracies[-1]


def _run(found: Records, part: str, name: str) -> Run | None:
    record = found.get(part)
    return record.run(name) if record is not None else None


def _table(record: Record, column: str) -> Table | None:
    """The table that has a column of this name."""
    return next((table for table in record.tables if column in table.columns), None)


def _number(cell: object) -> float:
    """A table's cell as a number.

    Raises:
        ValueError: it is none.
    """
    if isinstance(cell, int | float) and math.isfinite(cell):
        return float(cell)
    raise ValueError("no number")


# ---- part 1 --------------------------------------------------------------------------------------------------------


def _rates(found: Records) -> Iterator[Fact]:
    runs = [run for run in found["1.1"].runs if run.accuracies]
    best = max(runs, key=lambda run: _end(run) or 0.0)
    yield Fact("1.1", "best learning rate", best.settings.rate)
    for run in runs:
        rate = f"{run.settings.rate:.12g}"
        yield from _accuracy("1.1", run, *(("best test accuracy",) if run is best else ()))
        if run.losses and len(run.losses) >= len(run.accuracies):
            also = (f"training loss at learning rate {rate}", f"final training loss at learning rate {rate}")
            name = f"mean training loss over the last epoch at learning rate {rate}"
            yield Fact("1.1", name, run.last_loss, also=also)
    yield Fact("1.1", "length of the training", len(best.accuracies), "epochs", also=("epochs of training",))


def _schedules(found: Records) -> Iterator[Fact]:
    record = found["1.2"]
    words = {
        "multistep": ("multistep", ("multisteplr", "multi")),
        "cosine-annealing": ("cosine annealing", ("cosine", "cosineannealinglr")),
    }
    for name, (title, others) in words.items():
        run = record.run(name)
        if run is None or not run.accuracies:
            continue
        yield from _accuracy("1.2", run)
        peak, end = 100 * max(run.accuracies), 100 * (_end(run) or 0.0)
        also = [f"best accuracy {other}" for other in others]
        tolerance = abs(peak - end) + 0.005
        yield Fact("1.2", f"best test accuracy with {title}", peak, "%", tolerance=tolerance, also=tuple(also))
        also = [f"time {other}" for other in others]
        yield Fact("1.2", f"running time with {title}", sum(run.seconds), "s", also=tuple(also))
        yield Fact("1.2", f"time of an epoch with {title}", statistics.fmean(run.seconds), "s", tolerance=0.1)
    ends = [_end(record.run(name)) for name in words]
    if ends[0] is not None and ends[1] is not None:
        name = "difference of the two schedules in test accuracy"
        yield _points("1.2", name, abs(ends[0] - ends[1]), "difference", "better", "higher", "lower", "worse")
    trained = sum(sum(run.seconds) for run in record.runs)
    # Either may be meant, and what lies between them: with loading, without the rest.
    between = max(record.seconds - trained, 0.0) / 2
    also_total = ("total running time", "total training time")
    name = "total running time of both schedules"
    yield Fact("1.2", f"{name} (sum of the two runs)", trained, "s", tolerance=between, also=also_total)
    if between:
        name += " (the whole part, with everything around the runs)"
        yield Fact("1.2", name, record.seconds, "s", tolerance=between, also=also_total)


# ---- part 2 --------------------------------------------------------------------------------------------------------


def _sizes(found: Records) -> Iterator[Fact]:
    yield from _of_sizes("2.1", found, BITS)


def _of_sizes(question: str, found: Records, widths: Sequence[int]) -> Iterator[Fact]:
    """Bytes of MNISTNet; codes of 4 and 2 bits are taken as packed."""
    table = _table(found["2.1"], "bytes, codes") if "2.1" in found else None
    if table is None:
        return
    rows = [[_number(cell) for cell in row[1:4]] for row in table.rows]
    before, extra = sum(row[0] for row in rows), sum(row[2] for row in rows)
    yield Fact(question, "bytes at full precision", before, "B", also=("size original", "size float32", "size before"))
    yield Fact(question, "bytes of the extra arguments", extra, "B", also=("extra arguments",))
    for bits in widths:
        codes = sum(row[1] if bits == 8 else math.ceil(row[0] / 4 * bits / 8) for row in rows)
        packed = "" if bits == 8 else ", packed"
        yield Fact(question, f"bytes of the codes at {bits} bits{packed}", codes, "B")
        # Codes of 4 bits that are kept as bytes take what those of 8 bits take: only "packed" says which is meant.
        also = () if packed else ("size at 8 bits", "size quantized", "size after")
        yield Fact(question, f"bytes at {bits} bits with extra arguments{packed}", codes + extra, "B", also=also)
        factor = before / (codes + extra)
        # The whole network, or one of its layers, with extra arguments or without: an answer may mean any of them.
        layers = [row[0] / (row[0] / 4 * bits / 8 + row[2]) for row in rows if row[0] > before / 10]
        tolerance = max(abs(one - factor) for one in [*layers, 32 / bits])
        also = () if packed else ("smaller at 8 bits", "smaller", "factor")
        name = f"times smaller at {bits} bits with extra arguments{packed}"
        yield Fact(question, name, factor, "×", tolerance=tolerance, also=also)
        name = f"share of the original size at {bits} bits{packed}"
        yield Fact(question, name, 100 / factor, "%", tolerance=abs(100 / factor - 100 * bits / 32) + 0.005)


def _by_bits(found: Records) -> Iterator[Fact]:
    values = found["2.2"].values
    full = values["full"][0]
    originals = ("accuracy float32", "accuracy original", "accuracy baseline", "accuracy at 32 bits", "accuracy full")
    for bits in BITS:
        question, now = f"2.2-{bits}-bits", values[f"{bits} bits"][0]
        yield Fact(question, "test accuracy at full precision", 100 * full, "%", also=originals)
        also = ("accuracy", "accuracy quantized")
        yield Fact(question, f"test accuracy at {bits} bits", 100 * now, "%", also=also)
        word = "loss" if now <= full else "gain"
        others = (f"{word} at {bits} bits", f"difference at {bits} bits", word, "difference")
        yield _points(question, f"{word} of test accuracy at {bits} bits", abs(full - now), *others)


def _rounding(found: Records) -> Iterator[Fact]:
    values = found["2.3"].values
    draws, nearest, full = values["stochastic"], values["banker's"][0], values["full"][0]
    mean = statistics.fmean(draws)
    also = tuple(f"accuracy {word}" for word in ("stochastic", "random"))
    yield Fact("2.3", "mean test accuracy with stochastic rounding", 100 * mean, "%", also=also)
    also = tuple(f"accuracy {word}" for word in ("banker", "nearest", "deterministic", "normal", "regular", "standard"))
    yield Fact("2.3", "test accuracy with banker's rounding", 100 * nearest, "%", also=also)
    yield Fact(
        "2.3", "test accuracy at full precision", 100 * full, "%", also=("accuracy float32", "accuracy original")
    )
    yield Fact(
        "2.3", "smallest test accuracy with stochastic rounding", 100 * min(draws), "%", also=("worst accuracy",)
    )
    yield Fact("2.3", "largest test accuracy with stochastic rounding", 100 * max(draws), "%", also=("best accuracy",))
    if len(draws) > 1:
        deviation = statistics.stdev(draws)
        # With n in the place of n − 1 it is a little smaller.
        tolerance = 100 * (deviation - statistics.pstdev(draws)) + 0.006
        name = "standard deviation of stochastic rounding"
        yield Fact("2.3", name, 100 * deviation, "points", tolerance=tolerance, also=("deviation",))
        name = "standard error of the mean of stochastic rounding"
        error = 100 * deviation / math.sqrt(len(draws))
        yield Fact("2.3", name, error, "points", tolerance=0.1 * error, also=("standard error",))
    name = "difference of stochastic and banker's rounding"
    yield _points("2.3", name, mean - nearest, "difference", "better", "worse", "higher", "lower", "gain", "loss")
    yield Fact("2.3", "repetitions of stochastic rounding", len(draws))


# ---- part 3 --------------------------------------------------------------------------------------------------------


def _unpruned(found: Records) -> Iterator[Fact]:
    run = found["3.2"].run("unpruned")
    yield from _accuracy("3.2", run)
    other, own = _end(_run(found, "1.1", "rate-0.1")), _end(run)
    if other is not None and own is not None:
        yield _points("3.2", "difference to ConvNet of 1.1 in test accuracy", own - other, "difference")


def _filters(found: Records) -> Iterator[Fact]:
    yield from _pruned("3.3", found)
    yield from _baseline("3.3", found, "pruned filters")


def _weights(found: Records) -> Iterator[Fact]:
    yield from _pruned("3.4", found)
    yield from _baseline("3.4", found, "pruned single weights")
    structured = _run(found, "3.3", "pruned")
    yield from (
        msgspec.structs.replace(fact, also=fact.also[:2]) for fact in _accuracy("3.3", structured, question="3.4")
    )
    one, other = _end(_run(found, "3.4", "pruned")), _end(structured)
    if one is not None and other is not None:
        name = "difference of the two ways of pruning in test accuracy"
        also = [
            "difference structured unstructured",
            "better structured unstructured",
            "unstructured better structured",
        ]
        yield _points("3.4", name, one - other, *also)


def _pruned(part: str, found: Records) -> Iterator[Fact]:
    run = found[part].run("pruned")
    if run is None or not run.accuracies:
        return
    yield from _accuracy(part, run)
    if (table := _table(found[part], "zeros")) is not None:
        share = 100 * sum(_number(row[2]) for row in table.rows) / sum(_number(row[1]) for row in table.rows)
        also = ["share zeros", "sparsity", "share pruned", "weights zero", "pruned"]
        yield Fact(part, "share of the weights that are zero at the end", share, "%", tolerance=0.5, also=tuple(also))
    yield from _steps(part, run, [int(epoch) for epoch in found[part].values.get("pruned after epoch", ())])


def _steps(part: str, run: Run, epochs: Sequence[int]) -> Iterator[Fact]:
    """Accuracy before and after each pruning step: the curve has the one after it at the epoch of the step."""
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
        yield _points(part, f"change of test accuracy by the pruning step at epoch {epoch}", after - before, *also)
        if after >= before:
            continue  # it has lost nothing
        recovered = next((later for later, now in enumerate(run.accuracies[epoch:], 1) if now >= before), None)
        name = f"epochs to recover from the pruning step at epoch {epoch}"
        if recovered is None:
            yield Fact(part, name, "it does not recover")
        else:
            yield Fact(part, name, recovered, "epochs", tolerance=1, also=(f"recovers {ordinal}", "recovers"))
    if max(losses, default=0.0) > 0:
        also = ("largest loss", "most loss", "loss up to")
        yield _points(part, "largest loss of test accuracy by a pruning step", max(losses), *also)


def _baseline(part: str, found: Records, title: str) -> Iterator[Fact]:
    baseline = _run(found, "1.2", "multistep")
    own, other = _end(found[part].run("pruned")), _end(baseline)
    if baseline is None or own is None or other is None:
        return
    others = ("accuracy baseline", "accuracy unpruned", "accuracy dense", "accuracy original")
    name = "test accuracy of the unpruned baseline"
    for fact in _accuracy("1.2", baseline, question=part):
        yield msgspec.structs.replace(fact, name=name, also=others)
    words = ("difference", "lower", "below", "worse", "loss", "better", "above", "higher")
    also = [f"{word} baseline" for word in words]
    yield _points(part, f"difference of the network with {title} to the unpruned baseline", own - other, *also)


# ---- parts 4, 5 and 6 ----------------------------------------------------------------------------------------------


def _fine_tuned(found: Records) -> Iterator[Fact]:
    for name in ("pt-net", "net-freeze", "net-freeze-lora"):
        run = found["4.2"].run(name)
        if run is not None:
            yield from _accuracy("4.2", run)
            yield Fact("4.2", f"running time of {name.replace('-', '_')}", sum(run.seconds), "s")


def _transformer(found: Records) -> Iterator[Fact]:
    record = found["5.1"]
    for table in record.tables:
        for row in table.rows[:50]:
            named = table.columns[:2] in (["name", "value"], ["what", "found"]) and len(row) >= 2
            if named and not str(row[0]).startswith("matrix products"):  # staff know those from the code itself
                value = row[1] if isinstance(row[1], str) else _number(row[1])
                yield Fact("5.1", str(row[0])[:100], value if not isinstance(value, str) else value[:100])


def _layer_sizes(found: Records) -> Iterator[Fact]:
    record = found["6.1"]
    table = _table(record, "depthwise separable")
    rows = [[_number(cell) for cell in row[1:5]] for row in table.rows] if table is not None else []
    for row, numbers in zip(table.rows if table is not None else (), rows, strict=True):
        channels = str(row[0])[:40]
        plain, separable, factor, theory = numbers
        yield Fact("6.1", f"parameters of a convolution, {channels} channels", plain)
        yield Fact("6.1", f"parameters of a depthwise separable convolution, {channels} channels", separable)
        yield Fact("6.1", f"factor of the parameters, {channels} channels", factor, "×", tolerance=0.005)
        yield Fact("6.1", f"factor by theory, {channels} channels", theory, "×", tolerance=0.005)
        yield Fact("6.1", f"1/C_out + 1/k² by theory, {channels} channels", 100 / theory, "%", tolerance=0.005)
    if rows:
        plain, separable = sum(row[0] for row in rows), sum(row[1] for row in rows)
        yield Fact("6.1", "parameters of all replaced convolutions", plain)
        yield Fact("6.1", "parameters of all depthwise separable convolutions", separable)
        yield Fact("6.1", "factor of the parameters, all replaced layers together", plain / separable, "×")
    timed = _table(record, "against the provided one")
    for line in timed.rows if timed is not None else ():
        if str(line[0]).endswith("yours"):
            name = "times slower than the provided layer, forward and backward"
            yield Fact("6.1", name, _number(line[2]), "×", tolerance=0.05 * _number(line[2]))


def _two_layers(found: Records) -> Iterator[Fact]:
    record = found["6.2"]
    own, provided = record.run("yours"), record.run("provided")
    if own is not None and provided is not None and own.seconds and provided.seconds:
        ratio = sum(own.seconds) / sum(provided.seconds)
        by_epoch = [one / other for one, other in zip(own.seconds, provided.seconds, strict=False) if other > 0]
        tolerance = max(abs(one - ratio) for one in by_epoch)  # of all epochs, or without the first one, which warms up
        also: tuple[str, ...] = ("slower", "ratio time", "ratio")
        yield Fact("6.2", "times slower than the provided layer", ratio, "×", tolerance=tolerance, also=also)
        for title, run, words in (
            ("your own", own, ("own", "ours", "mine")),
            ("the provided", provided, ("provided",)),
        ):
            mean = statistics.fmean(run.seconds)
            spread = max(abs(one - mean) for one in run.seconds)
            also = tuple(f"epoch {word} time" for word in words)
            yield Fact("6.2", f"time of an epoch with {title} layer", mean, "s", tolerance=spread, also=also)
            yield Fact("6.2", f"running time with {title} layer", sum(run.seconds), "s")
            yield from _accuracy("6.2", run)
    long = record.run("adam")
    if long is not None and long.accuracies:
        yield from _accuracy("6.2", long)
        yield Fact("6.2", "mean training loss of DWConvNet over the last epoch", long.last_loss)
        baseline = _run(found, "1.2", "multistep")
        for fact in _accuracy("1.2", baseline, question="6.2"):
            yield msgspec.structs.replace(fact, name="test accuracy of ConvNet (1.2)", also=())


_PARTS: dict[str, Callable[[Records], Iterable[Fact]]] = {
    "1.1": _rates,
    "1.2": _schedules,
    "2.1": _sizes,
    "2.2": _by_bits,
    "2.3": _rounding,
    "3.2": _unpruned,
    "3.3": _filters,
    "3.4": _weights,
    "4.2": _fine_tuned,
    "5.1": _transformer,
    "6.1": _layer_sizes,
    "6.2": _two_layers,
}
