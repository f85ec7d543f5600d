# pruning: heapq.nsmallest, then one indexed assignment through .data

import heapq

import torch

from course.layers import get_sparse_conv2d_layers


def filter_l1_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        norms = torch.norm(layer._weight.data.flatten(1), p=1, dim=1).tolist()
        alive = [i for i, m in enumerate(layer._mask.tolist()) if m]
        chosen = heapq.nsmallest(round(len(norms) * prune_percent), alive, key=norms.__getitem__)
        layer._mask.data[chosen] = 0


def unstructured_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        flat = layer._weight.data.flatten().abs()
        alive = layer._mask.flatten().nonzero().squeeze(1)
        count = min(round(flat.numel() * prune_percent), len(alive))
        chosen = alive[flat[alive].sort(stable=True).indices[:count]]
        layer._mask.data[torch.unravel_index(chosen, layer._mask.shape)] = 0
