"""How many images a checkpoint's network recognises, and how far samples of images may lie apart."""

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

#: Test images in fixtures/, on which everything is measured again.
WITNESSES = 1000
#: Images that lie between two classes are decided by the order of sums, which differs between machines: two of 1,000
#: have been seen to change (tests/pset2/test_course.py), so that five leave room.
ROUNDING = 5
#: Share of the test images that bfloat16 and weights in float16 may decide otherwise.
PRECISION = 0.02


def sampling_bound(accuracy: float, population: int) -> float:
    """How far the accuracy on the 1,000 witnesses may be from that on all test images, which hold them.

    Drawn without replacement, the number of hits is hypergeometric with variance n·p·(1 − p)·(N − n)/(N − 1); five of
    its standard deviations are passed less than once in a million. (The witnesses are drawn class by class, which only
    makes them steadier.) p is kept from 0 and 1, where nothing would be left; rounding comes on top.
    """
    p = min(max(accuracy, 0.01), 0.99)
    without_replacement = max(population - WITNESSES, 0) / max(population - 1, 1)
    return 5 * math.sqrt(p * (1 - p) / WITNESSES * without_replacement) + ROUNDING / WITNESSES


def difference_bound(accuracy: float) -> float:
    """How much better a network may do on the 1,000 witnesses than on as many other test images.

    Both are drawn without replacement from the same N, so that what one has the other lacks: each mean has variance
    S²/n·(1 − n/N), their covariance is −S²/N, and their difference has 2·S²/n, whatever N is. S² is p·(1 − p) for hits;
    p is that of both together. Five standard deviations are passed less than once in a million.
    """
    p = min(max(accuracy, 0.01), 0.99)
    return 5 * math.sqrt(2 * p * (1 - p) / WITNESSES) + ROUNDING / WITNESSES


_MEASURED: dict[tuple[str, str, int, tuple[float, ...]], int] = {}


def measured(model: nn.Module, sha256: str, witnesses: ImageDataset, *, which: str = "public") -> int:
    """How many of the images a network recognises; measured once for several tests, by its file's digest.

    Args:
        which: names the images; those of one name differ in size and statistics alone.
    """
    key = which, sha256, witnesses.images.shape[-1], witnesses.mean
    if key not in _MEASURED:
        with small_numbers_as_zero():
            _MEASURED[key] = evaluate(model, witnesses, batch_size=50).correct  # in little memory
    return _MEASURED[key]
