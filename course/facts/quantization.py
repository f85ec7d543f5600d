"""The facts of part 2: sizes, losses of accuracy, and the two ways of rounding."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence

from course.facts.shared import Records, number, points
from course.records import Table
from harness.facts import Fact

__all__ = ["by_bits", "rounding", "sizes"]

BITS = (8, 4, 2)
GAIN = "gain of test accuracy with stochastic rounding over banker's"


def sizes(found: Records) -> Iterator[Fact]:
    """Yield the facts of part 2.1: bytes of MNISTNet before and after quantization, and the factors."""
    yield from _of_sizes("2.1", found, BITS)
    if (table := found["2.1"].table("bytes, codes")) is not None:
        yield from _of_layers(table)


def _of_sizes(question: str, found: Records, widths: Sequence[int]) -> Iterator[Fact]:
    """Yield bytes of MNISTNet. Codes of 4 and 2 bits count as packed."""
    table = found["2.1"].table("bytes, codes") if "2.1" in found else None
    if table is None:
        return
    rows = [[number(cell) for cell in row[1:4]] for row in table.rows]
    before, extra = sum(row[0] for row in rows), sum(row[2] for row in rows)
    yield Fact(question, "bytes at full precision", before, "B", also=("size original", "size float32", "size before"))
    name = "bytes of the extra arguments (scale and zero point of each array, as Python pickles them)"
    yield Fact(question, name, extra, "B", also=("extra arguments",))
    for bits in widths:
        codes = sum(row[1] if bits == 8 else math.ceil(row[0] / 4 * bits / 8) for row in rows)
        packed = "" if bits == 8 else ", packed"
        yield Fact(question, f"bytes of the codes at {bits} bits{packed}", codes, "B")
        # Unpacked codes of 4 bits take as many bytes as those of 8 bits. The word "packed" tells them apart.
        also = () if packed else ("size at 8 bits", "size quantized", "size after")
        yield Fact(question, f"bytes at {bits} bits with extra arguments{packed}", codes + extra, "B", also=also)
        factor = before / (codes + extra)
        # An answer may mean the whole network or a layer, with or without extra arguments.
        layers = [row[0] / (row[0] / 4 * bits / 8 + row[2]) for row in rows if row[0] > before / 10]
        tolerance = max(abs(one - factor) for one in [*layers, 32 / bits])
        also = () if packed else ("smaller at 8 bits", "smaller", "factor")
        name = f"times smaller at {bits} bits with extra arguments{packed}"
        yield Fact(question, name, factor, "×", tolerance=tolerance, also=also)
        name = f"share of the original size at {bits} bits{packed}"
        yield Fact(question, name, 100 / factor, "%", tolerance=abs(100 / factor - 100 * bits / 32) + 0.005)


def _of_layers(table: Table) -> Iterator[Fact]:
    """Yield the factor by which each layer shrinks at 8 bits, its weight and bias together."""
    layers: dict[str, list[list[float]]] = {}
    for row in table.rows:
        layers.setdefault(str(row[0]).partition(".")[0][:40], []).append([number(cell) for cell in row[1:4]])
    for layer, rows in layers.items():
        before, codes, extra = map(sum, zip(*rows, strict=True))
        factor = before / (codes + extra)
        name = f"times smaller at 8 bits with extra arguments, layer {layer}"
        yield Fact("2.1", name, factor, "×", tolerance=abs(4 - factor) + 0.005)


def by_bits(found: Records) -> Iterator[Fact]:
    """Yield the facts of part 2.2: the accuracy at 8, 4 and 2 bits, and the loss against full precision."""
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
        yield points(question, f"{word} of test accuracy at {bits} bits", abs(full - now), *others)


def rounding(found: Records) -> Iterator[Fact]:
    """Yield the facts of part 2.3: stochastic against banker's rounding at 2 bits."""
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
        # An answer may divide by n instead of n − 1, which gives a slightly smaller deviation.
        tolerance = 100 * (deviation - statistics.pstdev(draws)) + 0.006
        name = "standard deviation of stochastic rounding"
        yield Fact("2.3", name, 100 * deviation, "points", tolerance=tolerance, also=("deviation",))
        name = "standard error of the mean of stochastic rounding"
        error = 100 * deviation / math.sqrt(len(draws))
        yield Fact("2.3", name, error, "points", tolerance=0.1 * error, also=("standard error",))
        for what, loss in ((_lost("stochastic", full - mean).name, full - mean), (GAIN, mean - nearest)):
            value = f"{100 * loss:.2f}\u00a0±\u00a0{error:.2f}\u00a0points".replace("-", "−")
            yield Fact("2.3", f"{what}: mean ± standard error", value)
    yield _lost("banker's", full - nearest)
    yield _lost("stochastic", full - mean)
    yield points("2.3", GAIN, mean - nearest, "difference", "better", "worse", "higher", "lower", "gain", "loss")
    yield Fact("2.3", "repetitions of stochastic rounding", len(draws))


def _lost(rounding: str, loss: float) -> Fact:
    name = f"loss of test accuracy with {rounding} rounding against full precision"
    return points("2.3", name, loss, f"loss {rounding}")
