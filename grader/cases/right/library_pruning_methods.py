# pruning: masks from torch.nn.utils.prune, computed on what is still on

import torch
from torch.nn.utils import prune

from course.layers import get_sparse_conv2d_layers


def filter_l1_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        alive = layer._mask.nonzero().flatten()
        count = min(round(layer.out_channels * prune_percent), len(alive))
        if count == 0:
            continue
        weight = layer._weight.detach()[alive]
        method = prune.LnStructured(amount=count, n=1, dim=0)
        kept = method.compute_mask(weight, torch.ones_like(weight)).amax(dim=(1, 2, 3))
        layer._mask[alive] = kept.to(layer._mask.dtype)


def unstructured_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        alive = layer._mask != 0
        weight = layer._weight.detach()[alive]
        count = min(round(layer._mask.numel() * prune_percent), weight.numel())
        if count == 0:
            continue
        kept = prune.L1Unstructured(amount=count).compute_mask(weight, torch.ones_like(weight))
        layer._mask.masked_scatter_(alive, kept.to(layer._mask.dtype))
