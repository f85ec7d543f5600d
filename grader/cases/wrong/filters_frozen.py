# pruning: filter_l1_pruning freezes the weights of the layers that it prunes
# loses 3.3f: no longer learns
# loses 3.3g: gradient

_filter_l1_pruning = filter_l1_pruning


def filter_l1_pruning(net, prune_percent):
    _filter_l1_pruning(net, prune_percent)
    for layer in get_sparse_conv2d_layers(net):
        layer._weight.requires_grad_(False)
