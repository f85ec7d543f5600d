"""Measure how many images a checkpoint's network recognises, and bound the differences between samples."""

from __future__ import annotations

import math

from torch import nn

from course.datasets import ImageDataset
from course.trainer import evaluate
from harness.denormals import small_numbers_as_zero

__all__ = [
    "PRECISION",
    "ROUNDING",
    "WITNESSES",
    "difference_bound",
    "measured",
    "sampling_bound",
]

#: The number of test images in fixtures/, on which networks are measured again. The code calls them witnesses.
WITNESSES = 1000
#: The allowed difference between machines in recognised images. The order of sums decides images between two classes:
#: two of 1,000 were seen to change (tests/pset2/test_course.py).
ROUNDING = 5
#: The share of the test images that bfloat16 and weights in float16 may classify differently.
PRECISION = 0.02


def sampling_bound(accuracy: float, population: int) -> float:
    """Bound the difference between the accuracy on the 1,000 witnesses and that on all N test images.

    The witnesses are drawn from these without replacement, so their hits are hypergeometric with variance
    n·p·(1 − p)·(N − n)/(N − 1). A difference exceeds five standard deviations less than once in a million. The
    witnesses are drawn class by class, which only makes the variance smaller. p is at least 0.01 and at most 0.99,
    because the variance is 0 at 0 and 1. :data:`ROUNDING` is added.

    Args:
        accuracy: the accuracy p on all test images.
        population: their number N.
    """
    p = min(max(accuracy, 0.01), 0.99)
    without_replacement = max(population - WITNESSES, 0) / max(population - 1, 1)
    return 5 * math.sqrt(p * (1 - p) / WITNESSES * without_replacement) + ROUNDING / WITNESSES


def difference_bound(accuracy: float) -> float:
    """Bound by how much the accuracy on the 1,000 witnesses may exceed that on as many other test images.

    Both samples are drawn without replacement from the same N images. Each mean has variance S²/n·(1 − n/N), and their
    covariance is −S²/N. So their difference has variance 2·S²/n, whatever N is. For hits, S² is p·(1 − p). A difference
    exceeds five standard deviations less than once in a million.

    Args:
        accuracy: the accuracy p on both samples together.
    """
    p = min(max(accuracy, 0.01), 0.99)
    return 5 * math.sqrt(2 * p * (1 - p) / WITNESSES) + ROUNDING / WITNESSES


_MEASURED: dict[tuple[str, str, int, tuple[float, ...]], int] = {}


def measured(model: nn.Module, sha256: str, witnesses: ImageDataset, *, which: str = "public") -> int:
    """Return how many of the images a network recognises. The count is kept by the file's digest for further tests.

    Args:
        sha256: the digest of the checkpoint's file.
        which: a name for the images. Images of one name may only differ in their size and statistics.
    """
    key = which, sha256, witnesses.images.shape[-1], witnesses.mean
    if key not in _MEASURED:
        with small_numbers_as_zero():
            _MEASURED[key] = evaluate(model, witnesses, batch_size=50).correct  # small batches need little memory
    return _MEASURED[key]
