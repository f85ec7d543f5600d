# pruning: the right number of weights, but simply the next ones in memory
# loses 3.4a: weights that were switched off are not among the smallest
# loses 3.4b
# loses 3.4d
# loses 3.4h

from course.layers import get_sparse_conv2d_layers


def unstructured_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        mask = layer._mask.view(-1)
        alive = mask.nonzero().flatten()
        mask[alive[: round(mask.numel() * prune_percent)]] = 0
