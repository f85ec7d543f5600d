# pruning: a call puts a new parameter in the place of _weight, so that an optimizer from before trains the old one
# loses 3.3f: no longer learns

_filters = filter_l1_pruning


def filter_l1_pruning(net, prune_percent):
    _filters(net, prune_percent)
    for layer in get_sparse_conv2d_layers(net):
        layer._weight = nn.Parameter(layer._weight.detach().clone())
