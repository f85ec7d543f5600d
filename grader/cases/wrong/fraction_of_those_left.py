# pruning: each call takes the fraction of the filters that are left, not of all
# loses 3.3d: their number is a fraction of all
# loses 3.3e

from course.layers import get_sparse_conv2d_layers


def filter_l1_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        alive = (layer._mask != 0).nonzero().flatten()
        norms = layer._weight.detach()[alive].abs().sum(dim=(1, 2, 3))
        k = round(len(alive) * prune_percent)
        layer._mask[alive[norms.argsort()[:k]]] = 0
