# pruning: walks over the children itself, one function for both kinds of layer by the shape of the mask

import torch
from torch import nn

from course.layers import SparseConv2d


def _prune(layer, fraction):
    size = layer._weight.detach().abs()
    if layer._mask.dim() == 1:
        size = size.flatten(1).sum(1)
    mask = layer._mask.clone()
    on = mask != 0
    count = int(min(round(fraction * mask.numel()), on.sum().item()))
    order = torch.where(on, size, torch.full_like(size, float("inf"))).view(-1).argsort()
    flat = mask.view(-1)
    flat.scatter_(0, order[:count], torch.zeros_like(flat))
    layer.register_buffer("_mask", mask)


def _walk(module, fraction):
    if isinstance(module, SparseConv2d):
        _prune(module, fraction)
    for child in module.children():
        _walk(child, fraction)


def filter_l1_pruning(net: nn.Module, prune_percent: float) -> None:
    _walk(net, prune_percent)


def unstructured_pruning(net: nn.Module, prune_percent: float) -> None:
    _walk(net, prune_percent)
