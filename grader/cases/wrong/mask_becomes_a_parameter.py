# pruning: each call makes the mask a parameter, which the next optimizer trains
# loses 3.3c: added the parameter
# loses 3.4c: added the parameter
# loses 3.4f: are on again

_filters, _weights = filter_l1_pruning, unstructured_pruning


def _as_parameters(net):
    for layer in get_sparse_conv2d_layers(net):
        layer._mask = nn.Parameter(layer._mask.clone())


def filter_l1_pruning(net, prune_percent):
    with torch.no_grad():
        _filters(net, prune_percent)
    _as_parameters(net)


def unstructured_pruning(net, prune_percent):
    with torch.no_grad():
        _weights(net, prune_percent)
    _as_parameters(net)
