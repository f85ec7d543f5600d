# pruning: the absolute value is taken after the sum
# loses 3.3a: filters that were switched off are not among the smallest
# loses 3.3b
# loses 3.3d
# loses 3.3h

from course.layers import get_sparse_conv2d_layers


def filter_l1_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        norms = layer._weight.detach().sum(dim=(1, 2, 3)).abs()
        norms[layer._mask == 0] = float("inf")
        k = min(round(norms.numel() * prune_percent), int((layer._mask != 0).sum()))
        layer._mask[norms.argsort()[:k]] = 0
