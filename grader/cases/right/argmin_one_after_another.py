# pruning: filters go one by one with argmin, weights are zeroed along with their mask

import torch

from course.layers import get_sparse_conv2d_layers


@torch.no_grad()
def filter_l1_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        for _ in range(round(layer._mask.shape[0] * prune_percent)):
            if not layer._mask.any():
                break
            norms = layer._weight.abs().sum(dim=[1, 2, 3])
            norms[layer._mask == 0] = norms.max() + 1
            worst = norms.argmin()
            layer._mask[worst] = 0
            layer._weight[worst] = 0


@torch.no_grad()
def unstructured_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        on = layer._mask.bool()
        values, where = layer._weight.abs()[on].sort()
        count = round(layer._weight.numel() * prune_percent)
        positions = on.nonzero()[where[:count]]
        layer._mask[tuple(positions.T)] = 0
        layer._weight.mul_(layer._mask)
