# pruning: the new mask is registered as a buffer that is not in the state_dict
# loses 3.3f: Missing key(s) in state_dict
# loses 3.4f: Missing key(s) in state_dict

def _with_new_mask(layer, scores, prune_percent):
    mask = layer._mask.clone()
    _switch_off_smallest(mask, scores, prune_percent)
    layer.register_buffer("_mask", mask, persistent=False)


def filter_l1_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        _with_new_mask(layer, layer._weight.abs().sum(dim=(1, 2, 3)), prune_percent)


def unstructured_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        _with_new_mask(layer, layer._weight.abs(), prune_percent)
