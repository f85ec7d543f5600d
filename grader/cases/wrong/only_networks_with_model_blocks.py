# pruning: works on the blocks of the known network only, does nothing for any other
# loses 3.3a: in every layer that get_sparse_conv
# loses 3.3b
# loses 3.3c
# loses 3.3d
# loses 3.3e
# loses 3.3f
# loses 3.3g
# loses 3.3h

from course.layers import SparseConv2d


def filter_l1_pruning(net, prune_percent):
    for block in getattr(net, "model", []):
        try:
            layer = block[0]
        except TypeError:
            continue
        if not isinstance(layer, SparseConv2d):
            continue
        norms = layer._weight.detach().abs().sum(dim=(1, 2, 3))
        norms[layer._mask == 0] = float("inf")
        k = min(round(norms.numel() * prune_percent), int((layer._mask != 0).sum()))
        layer._mask[norms.argsort()[:k]] = 0
