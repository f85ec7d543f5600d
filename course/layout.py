"""The order in which convolutions' weights lie in memory."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["order_weights"]

#: Networks and layers of these packages don't care in which order their weights lie.
_KNOWN = ("course.", "torch.", "torchvision.")


def order_weights(network: nn.Module) -> int:
    """Put the weights of convolutions into the order of channels-last images, in place; how many there are.

    Otherwise a convolution reorders them at each step. Shapes and values stay as they are, but ``view(-1)`` of such a
    weight fails. So a student's module is left alone with all that is below it: its code may look at weights.
    """
    if not type(network).__module__.startswith(_KNOWN):
        return 0
    count = 0
    if type(network) is nn.Conv2d:
        weight = network.weight
        weight.data = weight.data.contiguous(memory_format=torch.channels_last)
        count = 1
    return count + sum(order_weights(child) for child in network.children())
