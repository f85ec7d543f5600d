# pruning: filters are ranked by their largest weight, the maximum norm
# loses 3.3a: norm is the sum of |weight| over its input channels and kernel
# loses 3.3b
# loses 3.3d
# loses 3.3h

from course.layers import get_sparse_conv2d_layers


def filter_l1_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        norms = layer._weight.detach().abs().amax(dim=(1, 2, 3))
        norms[layer._mask == 0] = float("inf")
        k = min(round(norms.numel() * prune_percent), int((layer._mask != 0).sum()))
        layer._mask[norms.argsort()[:k]] = 0
