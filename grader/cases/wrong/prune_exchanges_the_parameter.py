# pruning: the masked weights are put back as a new Parameter, so an optimizer that was made before trains the old one
# loses 3.3f: no longer learns after a call
# loses 3.4f: no longer learns after a call
import torch
from torch import nn

from course.layers import get_sparse_conv2d_layers


def _prune(layer, scores, percent):
    mask = layer._mask.view(-1)
    scores = scores.masked_fill(mask == 0, float("inf"))
    with torch.no_grad():
        mask[scores.argsort()[: round(scores.numel() * percent)]] = 0
    layer._weight = nn.Parameter(layer.weight.detach().clone())


def filter_l1_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        _prune(layer, layer._weight.detach().abs().flatten(1).sum(1), prune_percent)


def unstructured_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        _prune(layer, layer._weight.detach().abs().flatten(), prune_percent)
