"""The memory order of convolutions' weights."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["order_weights"]

#: Networks and layers of these packages work with any memory order of their weights.
_KNOWN = ("course.", "torch.", "torchvision.")


def order_weights(network: nn.Module) -> int:
    """Put the weights of convolutions into channels-last memory order, in place.

    Otherwise a convolution on channels-last images reorders its weights at each step. Shapes and values stay the same,
    but ``view(-1)`` of such a weight fails. So a student's module and its children, whose code may use weights in this
    way, stay unchanged.

    Returns:
        The number of convolutions that were changed.
    """
    if not type(network).__module__.startswith(_KNOWN):
        return 0
    count = 0
    if type(network) is nn.Conv2d:
        weight = network.weight
        weight.data = weight.data.contiguous(memory_format=torch.channels_last)
        count = 1
    return count + sum(order_weights(child) for child in network.children())
