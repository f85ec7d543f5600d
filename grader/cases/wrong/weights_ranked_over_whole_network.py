# pruning: one threshold for the weights of all layers together
# loses 3.4a: the number is right for all layers together
# loses 3.4b
# loses 3.4d
# loses 3.4e
# loses 3.4g
# loses 3.4h

import torch

from course.layers import get_sparse_conv2d_layers


def unstructured_pruning(net, prune_percent):
    layers = get_sparse_conv2d_layers(net)
    alive = torch.cat([layer._weight.detach()[layer._mask != 0].abs() for layer in layers])
    total = sum(layer._weight.numel() for layer in layers)
    k = min(round(total * prune_percent), alive.numel())
    if k == 0:
        return
    threshold = alive.sort().values[k - 1]
    for layer in layers:
        layer._mask[layer._weight.detach().abs() <= threshold] = 0
