# pruning: a copy of the network is pruned and returned, the given one stays as it was
# loses 3.4a: in every layer that get_sparse_conv
# loses 3.4b
# loses 3.4c
# loses 3.4d
# loses 3.4e
# loses 3.4f
# loses 3.4g
# loses 3.4h

import copy

from course.layers import get_sparse_conv2d_layers


def unstructured_pruning(net, prune_percent):
    net = copy.deepcopy(net)
    for layer in get_sparse_conv2d_layers(net):
        size = layer._weight.detach().abs().flatten()
        mask = layer._mask.view(-1)
        size[mask == 0] = float("inf")
        k = min(round(size.numel() * prune_percent), int((mask != 0).sum()))
        mask[size.argsort()[:k]] = 0
    return net
