"""The facts of the transformer and of depthwise separable layers (parts 5 and 6)."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator

import msgspec

from course.facts.shared import Records, accuracy, end, last_loss, number, points, run_of, timed
from course.records import Run, Table
from harness.facts import Fact

__all__ = ["layer_sizes", "transformer", "two_layers"]


def transformer(found: Records) -> Iterator[Fact]:
    """Yield the facts of part 5.1: hyperparameters, counts and the output's shape."""
    record = found["5.1"]
    for table in record.tables:
        for row in table.rows[:50]:
            named = table.columns[:2] in (["name", "value"], ["what", "found"]) and len(row) >= 2
            if not named:
                continue
            value = row[1] if isinstance(row[1], str) else number(row[1])
            if str(row[0]).startswith("matrix products") and not isinstance(value, str):
                # A text is only shown. Answers are compared with the right number, not with the student's.
                yield Fact("5.1", f"{str(row[0])[:100]} (by count_matmuls)", f"{value:,.0f}")
            else:
                yield Fact("5.1", str(row[0])[:100], value if not isinstance(value, str) else value[:100])


def layer_sizes(found: Records) -> Iterator[Fact]:
    """Yield the facts of part 6.1: parameters, their factors, and the ratio of times."""
    record = found["6.1"]
    table = record.table("depthwise separable")
    rows = [[number(cell) for cell in row[1:5]] for row in table.rows] if table is not None else []
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
    times = record.table("against the provided one")
    for line in times.rows if times is not None else ():
        if str(line[0]).endswith(("without groups", "yours")):
            name = "times slower than the provided layer, forward and backward"
            yield Fact("6.1", name, number(line[2]), "×", tolerance=0.05 * number(line[2]))


def _by_plain_steps(table: Table, own: Run, provided: Run) -> Iterator[Fact]:
    """Yield the comparison on a GPU, where the epochs ran as CUDA graphs."""
    seconds = [number(row[1]) for row in table.rows[:2]]
    steps = int(number(table.rows[0][3]))
    how = f"from {steps} plain steps"
    also: tuple[str, ...] = ("slower", "ratio time", "ratio")
    name = f"times slower than the provided layer{timed((own, provided), how)}"
    yield Fact("6.2", name, seconds[0] / seconds[1], "×", tolerance=0.05 * seconds[0] / seconds[1], also=also)
    for title, run, mean, words in (
        ("your own", own, seconds[0], ("own", "ours", "mine")),
        ("the provided", provided, seconds[1], ("provided",)),
    ):
        also = tuple(f"epoch {word} time" for word in words)
        name = f"time of an epoch with {title} layer{timed([run], how)}"
        yield Fact("6.2", name, mean, "s", tolerance=0.05 * mean, also=also)
        yield from accuracy("6.2", run)


def two_layers(found: Records) -> Iterator[Fact]:
    """Yield the facts of part 6.2: times of both layers, accuracies, and parameters of the networks."""
    record = found["6.2"]
    own, provided = record.run("yours"), record.run("provided")
    plain = record.table("seconds an epoch")
    if own is not None and provided is not None and plain is not None:
        yield from _by_plain_steps(plain, own, provided)
    elif own is not None and provided is not None and own.seconds and provided.seconds:
        ratio = sum(own.seconds) / sum(provided.seconds)
        by_epoch = [one / other for one, other in zip(own.seconds, provided.seconds, strict=False) if other > 0]
        # An answer may leave out the first epoch, which is slower.
        tolerance = max(abs(one - ratio) for one in by_epoch)
        also: tuple[str, ...] = ("slower", "ratio time", "ratio")
        both, name = (own, provided), "times slower than the provided layer"
        yield Fact("6.2", f"{name}{timed(both, 'all epochs together')}", ratio, "×", tolerance=tolerance, also=also)
        middle = statistics.median(own.seconds) / (statistics.median(provided.seconds) or math.inf)
        yield Fact("6.2", f"{name}{timed(both, 'median epoch of each')}", middle, "×", tolerance=tolerance, also=also)
        for title, run, words in (
            ("your own", own, ("own", "ours", "mine")),
            ("the provided", provided, ("provided",)),
        ):
            mean = statistics.fmean(run.seconds)
            spread = max(abs(one - mean) for one in run.seconds)
            also = tuple(f"epoch {word} time" for word in words)
            for how, value in (("mean", mean), ("median", statistics.median(run.seconds))):
                name = f"time of an epoch with {title} layer{timed([run], how)}"
                yield Fact("6.2", name, value, "s", tolerance=spread, also=also)
            name = f"time of the first epoch with {title} layer, in which the device also warms up"
            yield Fact("6.2", name, f"{run.seconds[0]:,.4g}\u00a0s")
            yield Fact("6.2", f"running time with {title} layer{timed([run])}", sum(run.seconds), "s")
            yield from accuracy("6.2", run)
    long = record.run("adam")
    if long is not None and long.accuracies:
        yield from accuracy("6.2", long)
        yield from last_loss("6.2", " of DWConvNet", long)
        baseline = run_of(found, "1.2", "multistep")
        for fact in accuracy("1.2", baseline, question="6.2"):
            yield msgspec.structs.replace(fact, name="test accuracy of ConvNet (1.2)", also=())
        own_end, other_end = end(long), end(baseline)
        if own_end is not None and other_end is not None:
            name = "difference of DWConvNet to ConvNet in test accuracy (1.2)"
            yield points("6.2", name, own_end - other_end, "difference convnet")
    if (table := record.table("network")) is not None:
        for row in table.rows:
            yield Fact("6.2", f"parameters of {str(row[0])[:40]}", number(row[1]))
