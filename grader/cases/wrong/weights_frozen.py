# pruning: unstructured_pruning freezes the weights of the layers that it prunes
# loses 3.4f: no longer learns
# loses 3.4g: gradient

_unstructured_pruning = unstructured_pruning


def unstructured_pruning(net, prune_percent):
    _unstructured_pruning(net, prune_percent)
    for layer in get_sparse_conv2d_layers(net):
        layer._weight.requires_grad_(False)
