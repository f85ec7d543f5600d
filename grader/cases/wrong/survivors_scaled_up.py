# pruning: the surviving weights are scaled up to make good for the pruned ones, as dropout does
# loses 3.4c: The weights of weights that are kept changed in sparse layer
# loses 3.4h

import torch

from course.layers import get_sparse_conv2d_layers


def unstructured_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        size = layer._weight.detach().abs().flatten()
        mask = layer._mask.view(-1)
        size[mask == 0] = float("inf")
        k = min(round(size.numel() * prune_percent), int((mask != 0).sum()))
        mask[size.argsort()[:k]] = 0
        if k:
            with torch.no_grad():
                layer._weight.div_(1 - prune_percent + 1e-8)
