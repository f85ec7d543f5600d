# pruning: the same share of every filter is pruned, not the smallest weights of the layer
# loses 3.4a: weights that were switched off are not among the smallest
# loses 3.4b
# loses 3.4d

from course.layers import get_sparse_conv2d_layers


def unstructured_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        size = layer._weight.abs().detach().flatten(1)
        mask = layer._mask.view(size.shape)
        size = size.masked_fill(mask == 0, float("inf"))
        total = min(round(size.numel() * prune_percent), int((mask != 0).sum()))
        base, extra = divmod(total, len(size))
        for row in range(len(size)):
            k = base + (row < extra)
            mask[row, size[row].argsort()[:k]] = 0
