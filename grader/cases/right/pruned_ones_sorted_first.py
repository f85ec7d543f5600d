# pruning: the pruned ones get a score below all others and are counted in, the new mask is made from ranks

import torch

from course.layers import get_sparse_conv2d_layers


def _ranked_mask(mask, scores, fraction):
    off = int(torch.count_nonzero(mask == 0))
    total = off + round(mask.numel() * fraction)
    scores = torch.where(mask == 0, -torch.ones_like(scores), scores).flatten()
    ranks = scores.argsort(stable=True).argsort()
    return (ranks >= total).float().view_as(mask)


def filter_l1_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        scores = torch.einsum("oikl->o", layer._weight.detach().abs())
        layer._mask = _ranked_mask(layer._mask, scores, prune_percent)


def unstructured_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        layer._mask = _ranked_mask(layer._mask, layer._weight.detach().abs(), prune_percent)
