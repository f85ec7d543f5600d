# pruning: whole filters are masked where single weights should be
# loses 3.4a: weights that were switched off are not among the smallest
# loses 3.4b
# loses 3.4d
# loses 3.4e
# loses 3.4h

from course.layers import get_sparse_conv2d_layers


def unstructured_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        norms = layer._weight.detach().abs().sum(dim=(1, 2, 3))
        alive = layer._mask.flatten(1).any(dim=1)
        norms[~alive] = float("inf")
        k = min(round(norms.numel() * prune_percent), int(alive.sum()))
        layer._mask[norms.argsort()[:k]] = 0
