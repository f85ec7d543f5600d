# pruning: the weights that are kept become numbers near 0, with which a processor takes a hundred times as long
# grade 3.3h 3.4h
# loses 3.3h
# loses 3.4h

import torch

_filters, _weights = filter_l1_pruning, unstructured_pruning


@torch.no_grad()
def _near_zero(net):
    tried("leave numbers near 0")
    for layer in get_sparse_conv2d_layers(net):
        layer._weight.copy_(torch.sign(layer._weight) * 1e-39)


def filter_l1_pruning(net, prune_percent):
    _filters(net, prune_percent)
    _near_zero(net)


def unstructured_pruning(net, prune_percent):
    _weights(net, prune_percent)
    _near_zero(net)
