# pruning: the threshold is the fraction times the standard deviation, so the number is not the one asked for
# loses 3.4a: prune_percent is a fraction of the layer's weights
# loses 3.4b
# loses 3.4d
# loses 3.4e
# loses 3.4h

from course.layers import get_sparse_conv2d_layers


def unstructured_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        alive = layer._weight.detach()[layer._mask != 0]
        threshold = prune_percent * alive.std()
        layer._mask[layer._weight.detach().abs() < threshold] = 0
