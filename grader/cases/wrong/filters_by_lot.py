# pruning: the right number of filters, drawn by lot
# loses 3.3a: filters that were switched off are not among the smallest
# loses 3.3b
# loses 3.3d
# may lose 3.3h

import torch

from course.layers import get_sparse_conv2d_layers


def filter_l1_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        alive = (layer._mask != 0).nonzero().flatten()
        k = min(round(layer.out_channels * prune_percent), len(alive))
        layer._mask[alive[torch.randperm(len(alive))[:k]]] = 0
