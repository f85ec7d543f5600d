# pruning: one global counter of calls, so a second network starts where the first one stopped
# loses 3.3b: prune_percent is a fraction of the layer's filters
# loses 3.3f

from course.layers import get_sparse_conv2d_layers

calls = 0


def filter_l1_pruning(net, prune_percent):
    global calls
    calls += 1
    for layer in get_sparse_conv2d_layers(net):
        norms = layer._weight.detach().abs().sum(dim=(1, 2, 3))
        norms[layer._mask == 0] = -1.0
        total = calls * round(layer.out_channels * prune_percent)
        layer._mask[norms.argsort()[:total]] = 0
