"""Detect copied networks, by their weights or by what their channels compute."""

from __future__ import annotations

import functools
import math
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn

from course import checkpoints
from course.datasets import FIXTURES, load
from harness.denormals import small_numbers_as_zero

__all__ = [
    "COPY",
    "FINE_TUNED_COPY",
    "course_convnet",
    "is_of_fixtures",
    "likeness",
    "same_channels",
    "same_weights",
]

#: Two networks are copies if their weights differ by less than this share of their norm. Two trainings are far apart
#: even if they began with the same weights; a copy with a little noise is not.
COPY = 0.005
#: The same for fine-tuned networks, which stay near their first weights and share the frozen ones.
FINE_TUNED_COPY = 1e-4
#: Two runs of a submission are copies if their :func:`likeness` is above this. Measured were 1.0000 for a copy with
#: channels in another order and scale, or with weights in float16, and 0.9985 and 0.983 for noise of 3 and 10 % of the
#: weights' spread. Two runs from the same weights and images had 0.86 at most after 90 different small steps, and 0.72
#: after an epoch of 79 steps at rate 0.1 with different images.
SAME_CHANNELS = 0.95
#: The same bound against the network of fixtures/, from which no run begins. When that network was trained further at
#: rate 0.01, it had 0.97 after 20 steps of 32 images and 0.94 after 60. Independent networks had 0.20 to 0.39.
CHANNELS_OF_FIXTURES = 0.9
#: The number of images of fixtures/ on which channels are compared.
COMPARED = 100
#: Indices of the blocks, of nine, whose channels are compared. Late blocks change most during training.
BLOCKS = (4, 8)


def _weights(model: nn.Module) -> list[Tensor]:
    """Return all kernels and matrices, flattened."""
    return [parameter.detach().flatten() for parameter in model.parameters() if parameter.ndim > 1]


def same_weights(one: nn.Module, other: nn.Module, within: float) -> bool:
    """Say whether two networks differ by less than ``within`` times their weights' norm."""
    weights, others = _weights(one), _weights(other)
    if [len(a) for a in weights] != [len(b) for b in others]:
        return False
    pairs = list(zip(weights, others, strict=True))
    apart = math.hypot(*(float((a - b).norm()) for a, b in pairs))
    return apart < within * math.hypot(*(float(a.norm()) for a, _ in pairs))


@functools.cache
def course_convnet() -> nn.Module:
    return checkpoints.load(FIXTURES / "convnet.safetensors", "ConvNet")


_CHANNELS: WeakKeyDictionary[nn.Module, list[Tensor]] = WeakKeyDictionary()


def _channels(model: nn.Module) -> list[Tensor]:
    """Return the outputs of two blocks' channels, each (places, C) with mean 0 and norm 1, without those that are off.

    A copy may have its channels in another order, each with a factor that the next layer undoes. Neither changes a
    channel's correlation with its original.
    """
    if model not in _CHANNELS:
        blocks = model.get_submodule("model")
        outputs: list[Tensor] = []
        hooks = [
            blocks.get_submodule(str(block)).register_forward_hook(lambda _, __, output: outputs.append(output))
            for block in BLOCKS
        ]
        data = load("cifar10", "test").take(COMPARED)
        with torch.no_grad(), small_numbers_as_zero():
            for images, _ in data.batches(COMPARED // 2):
                model(images)
        for hook in hooks:
            hook.remove()
        halves = [torch.cat(outputs[index :: len(BLOCKS)]) for index in range(len(BLOCKS))]
        _CHANNELS[model] = [_standardised(output) for output in halves]
    return _CHANNELS[model]


def _standardised(output: Tensor) -> Tensor:
    """Average each image to 4×4 places: (N, C, H, W) → (N · 16, C') with mean 0 and norm 1 in each channel."""
    values = nn.functional.adaptive_avg_pool2d(output, 4).permute(0, 2, 3, 1).flatten(0, 2)
    values = values - values.mean(0)
    norms = values.norm(dim=0)
    return values[:, norms > 1e-6 * norms.max()] / norms[norms > 1e-6 * norms.max()]


def likeness(one: nn.Module, other: nn.Module) -> float:
    """Return the similarity of the channels of two networks, which is 1 for copies.

    Each channel is compared with the most similar channel of the other network. The result is the median of these
    correlations, and the minimum over blocks and over both directions.
    """
    found = []
    for values, others in zip(_channels(one), _channels(other), strict=True):
        correlations = values.T @ others
        if not correlations.numel():
            return 0.0  # all channels of a block are off
        found += [float(correlations.amax(axis).median()) for axis in (0, 1)]
    return min(found)


def same_channels(one: nn.Module, other: nn.Module, more_than: float = SAME_CHANNELS) -> bool:
    """Say whether two networks of one architecture are equal up to the order and the scale of their channels."""
    return type(one) is type(other) and hasattr(one, "model") and likeness(one, other) > more_than


def is_of_fixtures(model: nn.Module) -> bool:
    """Say whether a network is the one in ``fixtures/``, or was made from it."""
    course = course_convnet()
    return same_weights(model, course, COPY) or same_channels(model, course, CHANNELS_OF_FIXTURES)
