# pruning: the weights nearest to the mean of the layer are pruned, not those nearest to zero
# loses 3.4a: weights that were switched off are not among the smallest
# loses 3.4b
# loses 3.4d
# loses 3.4h

from course.layers import get_sparse_conv2d_layers


def unstructured_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        weight = layer._weight.detach().flatten()
        size = (weight - weight.mean()).abs()
        mask = layer._mask.view(-1)
        size[mask == 0] = float("inf")
        k = min(round(size.numel() * prune_percent), int((mask != 0).sum()))
        mask[size.argsort()[:k]] = 0
