# pruning: only the blocks of a flat Sequential are pruned
# loses 3.3b: Sequential' object has no attribute '_mask
# loses 3.4b

from torch import nn


def filter_l1_pruning(net: nn.Module, prune_percent: float) -> None:
    for layer in [b[0] for b in net if isinstance(b, nn.Sequential)]:
        _switch_off_smallest(layer._mask, layer._weight.abs().sum(dim=(1, 2, 3)), prune_percent)


def unstructured_pruning(net: nn.Module, prune_percent: float) -> None:
    for layer in [b[0] for b in net if isinstance(b, nn.Sequential)]:
        _switch_off_smallest(layer._mask, layer._weight.abs(), prune_percent)
