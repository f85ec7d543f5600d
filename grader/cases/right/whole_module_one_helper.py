# pruning.py: a whole module, one helper for both prunings, a ModuleList and a functional style

"""Part 3: pruning."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from course import layers
from course.models import CONVNET_LAYERS

PRUNE_PERCENTAGE = 0.5 / 5
PRUNE_EPOCHS = [10 * (step + 1) for step in range(5)]


class SparseConvNet(nn.Module):
    def __init__(self, conv_layer: type[layers.SparseConv2d] = layers.SparseConv2d) -> None:
        super().__init__()
        self.model = nn.ModuleList(
            [layers.sparse_conv_block(a, b, stride=s, conv_layer=conv_layer) for a, b, s in CONVNET_LAYERS]
        )
        self.model.append(nn.AdaptiveAvgPool2d(1))
        self.classifier = nn.Linear(in_features=256, out_features=10)

    def forward(self, x: Tensor) -> Tensor:
        hidden = x
        for module in self.model:
            hidden = module(hidden)
        return self.classifier(torch.flatten(hidden, start_dim=1))


def _prune(net: nn.Module, fraction: float, score: Callable[[Tensor], Tensor]) -> None:
    for layer in filter(lambda module: isinstance(module, layers.SparseConv2d), net.modules()):
        with torch.no_grad():
            mask = layer._mask
            scores = score(layer._weight).to(torch.float64)
            scores[mask == 0] = math.nan  # sorted last
            alive = mask.numel() - int(scores.isnan().sum())
            count = min(round(mask.numel() * fraction), alive)
            doomed = torch.zeros(mask.numel(), dtype=torch.bool, device=mask.device)
            doomed[scores.flatten().argsort()[:count]] = True
            mask.masked_fill_(doomed.reshape(mask.shape), 0)


def filter_l1_pruning(net: nn.Module, prune_percent: float) -> None:
    _prune(net, prune_percent, lambda w: (w * w.sign()).sum(dim=(-1, -2, -3)))


def unstructured_pruning(net: nn.Module, prune_percent: float) -> None:
    _prune(net, prune_percent, lambda w: torch.maximum(w, -w))
