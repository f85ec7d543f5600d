# pruning: the function switches the network to eval() and leaves it so
# loses 3.3c: After a call the network is no longer in training mode
# loses 3.4c

from torch import nn
from course.layers import get_sparse_conv2d_layers


def filter_l1_pruning(net: nn.Module, prune_percent: float) -> None:
    net.eval()
    for layer in get_sparse_conv2d_layers(net):
        _switch_off_smallest(layer._mask, layer._weight.abs().sum(dim=(1, 2, 3)), prune_percent)


def unstructured_pruning(net: nn.Module, prune_percent: float) -> None:
    net.eval()
    for layer in get_sparse_conv2d_layers(net):
        _switch_off_smallest(layer._mask, layer._weight.abs(), prune_percent)
