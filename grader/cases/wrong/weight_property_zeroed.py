# pruning: zeros are written to the product that the weight property makes anew each time
# loses 3.3a: in every layer that get_sparse_conv
# loses 3.3b
# loses 3.3c
# loses 3.3d
# loses 3.3e
# loses 3.3f
# loses 3.3g
# loses 3.3h

import torch

from course.layers import get_sparse_conv2d_layers


def filter_l1_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        norms = layer.weight.abs().sum(dim=(1, 2, 3))
        k = round(norms.numel() * prune_percent)
        with torch.no_grad():
            layer.weight[norms.argsort()[:k]] = 0
