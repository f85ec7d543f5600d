# pruning: numpy's argpartition, and a new bool mask in place of the float one

import numpy as np
import torch

from course.layers import get_sparse_conv2d_layers

PRUNE_EPOCHS = np.arange(10, 51, 10)
PRUNE_PERCENTAGE = 0.1


def _new_mask(mask, scores, fraction):
    keep = mask.detach().cpu().numpy().astype(bool).ravel().copy()
    alive = np.flatnonzero(keep)
    count = min(round(keep.size * fraction), alive.size)
    if 0 < count < alive.size:
        smallest = np.argpartition(scores.ravel()[alive], count - 1)[:count]
        keep[alive[smallest]] = False
    elif count:
        keep[:] = False
    return torch.from_numpy(keep.reshape(tuple(mask.shape))).to(mask.device)


def filter_l1_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        weight = layer._weight.detach().cpu().numpy()
        layer._mask = _new_mask(layer._mask, np.abs(weight).sum(axis=(1, 2, 3)), prune_percent)


def unstructured_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        weight = layer._weight.detach().cpu().numpy()
        layer._mask = _new_mask(layer._mask, np.abs(weight), prune_percent)
