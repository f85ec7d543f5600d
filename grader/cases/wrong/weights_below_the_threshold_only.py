# pruning: weights below the k-th smallest are switched off and not the k-th itself, one too few in each layer
# loses 3.4a: compare with <= and not with <
# loses 3.4b
# loses 3.4d

from course.layers import get_sparse_conv2d_layers


def unstructured_pruning(net, prune_percent):
    for conv in get_sparse_conv2d_layers(net):
        mags = conv._weight.data.abs()
        kept = mags[conv._mask.bool()]
        k = min(round(mags.numel() * prune_percent), kept.numel())
        if k:
            conv._mask[mags < kept.kthvalue(k).values] = 0
