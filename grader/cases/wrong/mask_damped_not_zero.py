# pruning: the mask is set to a tenth, a "soft" pruning that leaves the filters working
# loses 3.3a: in every layer that get_sparse_conv
# loses 3.3b
# loses 3.3c
# loses 3.3d
# loses 3.3e
# loses 3.3f
# loses 3.3g
# loses 3.3h

from course.layers import get_sparse_conv2d_layers


def filter_l1_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        norms = layer._weight.detach().abs().sum(dim=(1, 2, 3))
        norms[layer._mask < 1] = float("inf")
        k = min(round(norms.numel() * prune_percent), int((layer._mask == 1).sum()))
        layer._mask[norms.argsort()[:k]] *= 0.1
