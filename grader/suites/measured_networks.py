"""What a checkpoint's network does: how many images it recognises, and whether it is another one's copy."""

from __future__ import annotations

import functools
import math

import torch
from torch import Tensor, nn

from course import checkpoints
from course.datasets import ImageDataset
from course.trainer import evaluate

__all__ = [
    "COPY",
    "FINE_TUNED_COPY",
    "PRECISION",
    "ROUNDING",
    "WITNESSES",
    "course_convnet",
    "measured",
    "same_weights",
    "sampling_bound",
]

#: Two trainings are far apart, also where they began with the same weights. A copy with a little noise is not.
COPY = 0.005
#: Fine-tuned networks stay near to what they began with, and share what was frozen: only copies are this near.
FINE_TUNED_COPY = 1e-4
#: Test images in fixtures/, on which everything is measured again.
WITNESSES = 1000
#: Images that lie between two classes are decided by the order of sums, which differs between machines: two of 1,000
#: have been seen to change (tests/test_course.py), so that five leave room.
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


_MEASURED: dict[tuple[str, int, tuple[float, ...]], int] = {}


def measured(model: nn.Module, sha256: str, witnesses: ImageDataset) -> int:
    """How many of the witnesses a network recognises; measured once for several tests, by its file's digest."""
    key = sha256, witnesses.images.shape[-1], witnesses.mean
    if key not in _MEASURED:
        # Weights near the smallest numbers would take a hundred times as long.
        flushes = torch.set_flush_denormal(True)
        try:
            _MEASURED[key] = evaluate(model, witnesses, batch_size=50).correct  # in little memory
        finally:
            if flushes:
                torch.set_flush_denormal(False)
    return _MEASURED[key]


def _weights(model: nn.Module) -> list[Tensor]:
    """All kernels and matrices."""
    return [parameter.detach().flatten() for parameter in model.parameters() if parameter.ndim > 1]


def same_weights(one: nn.Module, other: nn.Module, within: float) -> bool:
    """Whether two networks differ by less than this share of their weights' norm."""
    weights, others = _weights(one), _weights(other)
    if [len(a) for a in weights] != [len(b) for b in others]:
        return False
    pairs = list(zip(weights, others, strict=True))
    apart = math.hypot(*(float((a - b).norm()) for a, b in pairs))
    return apart < within * math.hypot(*(float(a.norm()) for a, _ in pairs))


@functools.cache
def course_convnet() -> nn.Module:
    from course.datasets import FIXTURES

    return checkpoints.load(FIXTURES / "convnet.safetensors", "ConvNet")
