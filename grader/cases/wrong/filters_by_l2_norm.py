# pruning: filters are ranked by their L2 norm
# loses 3.3a: norm is the sum of |weight| over its input channels and kernel
# loses 3.3b
# loses 3.3d

import torch

from course.layers import get_sparse_conv2d_layers


def filter_l1_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        norms = torch.norm(layer._weight.detach().flatten(1), dim=1)  # p defaults to 2
        norms[layer._mask == 0] = float("inf")
        k = min(round(len(norms) * prune_percent), int((layer._mask != 0).sum()))
        layer._mask[norms.argsort()[:k]] = 0
