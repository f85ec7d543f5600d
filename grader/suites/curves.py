"""Check that curves can come from a training run: losses of batches are noisy, and accuracies go up and down.

Invented noise isn't detected. The network itself is always measured (results_checks.py).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from itertools import pairwise

from course.records import Run
from harness.checks import assert_true

__all__ = ["assert_noisy_losses", "assert_own_curves", "assert_swinging_accuracies"]

#: The allowed distance of the share of rises from a half, besides chance. Losses that are noise around a level rise at
#: half of the steps, and learning makes rises rarer. Real runs of 100 steps had 43 to 55 %.
TREND = 0.15
#: The least median of the losses' second differences, as a share of the median loss. Real runs had 0.009 (ten steps of
#: LoRA) to 0.14, and 0.014 in ConvNet's first 100 steps at rate 0.0001. Smooth curves of 1,000 steps have under 0.0001.
ROUGHNESS = 0.001
#: The least number of different losses, as a share of all losses. In real runs nearly all differed; of 39,100 float32
#: numbers some are equal by chance.
DISTINCT = 0.5


def assert_noisy_losses(run: Run, again: str) -> None:
    """Check that losses are noisy: each batch has other images, so its loss differs from its neighbours'."""
    losses = run.losses
    assert_true(
        len(set(losses)) >= DISTINCT * len(losses),
        f"{run.name}: of {len(losses):,} losses only {len(set(losses)):,} differ, expected nearly all to differ: "
        "each belongs to another batch.",
        again,
    )
    bends, median = _bends(losses), statistics.median(losses)
    assert_true(
        statistics.median(bends) >= ROUGHNESS * median,
        f"{run.name}: the losses lie on a smooth curve, expected noise: batches are easy or hard by chance.",
        again,
    )
    # After rounding to a millionth of the loss, bends of noise still differ, and bends of a repeated pattern are equal.
    kinds = len({round(bend / median, 6) for bend in bends})
    assert_true(
        kinds >= DISTINCT * len(bends),
        f"{run.name}: the losses repeat a pattern, expected noise: batches are easy or hard by chance.",
        again,
    )
    rises = sum(after > before for before, after in pairwise(losses)) / (len(losses) - 1)
    bound = rises_bound(len(losses))
    assert_true(
        abs(rises - 0.5) <= bound,
        f"{run.name}: the loss rises at {rises:.0%} of the steps, expected {0.5 - bound:.0%} to {0.5 + bound:.0%}: "
        "batches are easy or hard by chance.",
        again,
    )


def rises_bound(count: int) -> float:
    """Return the largest allowed distance of the share of rises from a half: five standard deviations, and a trend.

    The number of rises in ``count`` independent numbers has variance (count + 1)/12, whatever their distribution,
    because rises are the ascents of a random permutation.
    """
    return TREND + 5 * math.sqrt((count + 1) / 12) / (count - 1)


def assert_swinging_accuracies(run: Run, again: str) -> None:
    """Check a trained network's accuracies: 5 epochs don't lie on a line, and 100 epochs have falls among the rises.

    For 25 of the 100 epochs the rate is 0.1, or 0.001 with Adam. There the accuracy changes by several points from one
    epoch to the next (docs/experiments.md). Noise falls at 12 of these 24 steps on average, with a deviation of 1.4
    (see :func:`rises_bound`), so 5 is five deviations lower. Later epochs have further, smaller falls.
    """
    curve = run.accuracies
    if len(curve) < 5:
        return
    # An accuracy is a whole number of 10,000 images. This rounding bends a line by 0.0002 at most.
    assert_true(
        max(_bends(curve)) > 0.0005,
        f"{run.name}: the accuracies lie on a line, expected those of a training, which no formula gives.",
        again,
    )
    falls = sum(after < before for before, after in pairwise(curve))
    least = 5 if len(curve) >= 100 else 0
    assert_true(
        falls >= least,
        f"{run.name}: the accuracy falls after {falls} of {len(curve)} epochs, expected {least} or more: at a high "
        "rate it swings.",
        again,
    )


def _bends(values: Sequence[float]) -> list[float]:
    """Return the absolute second differences, which are 0 on a line."""
    triples = zip(values, values[1:], values[2:], strict=False)
    return [abs(before - 2 * here + after) for before, here, after in triples]


def assert_own_curves(run: Run, others: Sequence[tuple[str, Run]], again: str) -> None:
    """Check that no other run has these curves. Equal seeds begin equally, so the last epoch's losses are compared."""
    steps = len(run.losses) // len(run.accuracies)
    last = run.losses[-steps:]
    for name, other in others:
        equal = sum(one == two for one, two in zip(last, other.losses[-steps:], strict=False))
        assert_true(
            equal < steps / 2,
            f"{run.name} and {name} have the same losses in the last epoch, expected two trainings.",
            again,
        )
        curve = run.accuracies[1:]
        assert_true(
            len(set(curve)) < 3 or curve != other.accuracies[1:],
            f"{run.name} and {name} have the same accuracies, expected two trainings.",
            again,
        )
