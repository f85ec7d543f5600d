# pruning.py: what is off is remembered in an attribute that no checkpoint has
# loses 3.3f: A call on a copy made from the state_dict takes no further fil
# loses 3.4f

"""Part 3: the reference."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from course.layers import SparseConv2d, get_sparse_conv2d_layers, sparse_conv_block
from course.models import CONVNET_LAYERS

PRUNE_PERCENTAGE = 0.1
PRUNE_EPOCHS = [10, 20, 30, 40, 50]


class SparseConvNet(nn.Module):
    def __init__(self, conv_layer: type[SparseConv2d] = SparseConv2d) -> None:
        super().__init__()
        blocks = [
            sparse_conv_block(c_in, c_out, stride=stride, conv_layer=conv_layer)
            for c_in, c_out, stride in CONVNET_LAYERS
        ]
        self.model = nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1))
        self.classifier = nn.Linear(256, 10)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.classifier(self.model(x).flatten(1))
        return out


@torch.no_grad()
def _switch_off_smallest(layer, mask: Tensor, scores: Tensor, prune_percent: float) -> None:
    """Set the entries of ``mask`` with the smallest scores to 0, among those that are not 0 yet."""
    off = layer.__dict__.setdefault('_gone', torch.zeros_like(mask).bool()).clone()
    count = min(round(mask.numel() * prune_percent), int((~off).sum()))
    smallest = scores.masked_fill(off, torch.inf).flatten().argsort()[:count]
    mask.view(-1)[smallest] = 0
    layer.__dict__['_gone'].view(-1)[smallest] = True


def filter_l1_pruning(net: nn.Module, prune_percent: float) -> None:
    for layer in get_sparse_conv2d_layers(net):
        _switch_off_smallest(layer, layer._mask, layer._weight.abs().sum(dim=(1, 2, 3)), prune_percent)


def unstructured_pruning(net: nn.Module, prune_percent: float) -> None:
    for layer in get_sparse_conv2d_layers(net):
        _switch_off_smallest(layer, layer._mask, layer._weight.abs(), prune_percent)
