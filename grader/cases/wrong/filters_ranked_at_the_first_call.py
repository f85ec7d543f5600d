# pruning: the order of the filters is found in the first call and kept, though weights change between calls
# loses 3.3d: in each call, rank the filters that are still on

import torch

from course.layers import get_sparse_conv2d_layers


def filter_l1_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        if not hasattr(layer, "order"):
            norms = layer._weight.detach().abs().sum((1, 2, 3))
            layer.order = torch.argsort(norms).tolist()
        num = round(layer._mask.numel() * prune_percent)
        todo = [f for f in layer.order if layer._mask[f] > 0][:num]
        layer._mask[todo] = 0.0
