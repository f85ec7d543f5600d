# pruning: topk from below, with the pruned ones put at infinity

import torch

from course.layers import get_sparse_conv2d_layers

PRUNE_EPOCHS = (10, 20, 30, 40, 50)
PRUNE_PERCENTAGE = 1 / 10


@torch.no_grad()
def _switch_off(mask, scores, fraction):
    pruned = mask.eq(0)
    count = min(round(mask.numel() * fraction), int((~pruned).sum()))
    indices = scores.masked_fill(pruned, torch.inf).flatten().topk(count, largest=False).indices
    mask.view(-1).index_fill_(0, indices, 0)


def filter_l1_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        _switch_off(layer._mask, torch.linalg.vector_norm(layer._weight, ord=1, dim=(1, 2, 3)), prune_percent)


def unstructured_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        _switch_off(layer._mask, layer._weight.abs(), prune_percent)
