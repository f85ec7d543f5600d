# pruning: looks for nn.Conv2d, which the sparse layers are not, and finds nothing
# loses 3.4a: in every layer that get_sparse_conv
# loses 3.4b
# loses 3.4c
# loses 3.4d
# loses 3.4e
# loses 3.4f
# loses 3.4g
# loses 3.4h

from torch import nn


def unstructured_pruning(net, prune_percent):
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            size = layer._weight.detach().abs().flatten()
            mask = layer._mask.view(-1)
            size[mask == 0] = float("inf")
            k = min(round(size.numel() * prune_percent), int((mask != 0).sum()))
            mask[size.argsort()[:k]] = 0
