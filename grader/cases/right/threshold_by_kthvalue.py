# pruning: a threshold from kthvalue among those still on, the mask multiplied by a comparison

import torch

from course.layers import get_sparse_conv2d_layers

PRUNE_EPOCHS = range(10, 60, 10)


def _threshold(scores, mask, fraction):
    alive = scores[mask > 0]
    k = min(round(scores.numel() * fraction), alive.numel())
    return alive.kthvalue(k).values if k > 0 else -1.0


def filter_l1_pruning(net, prune_percent):
    with torch.no_grad():
        for layer in get_sparse_conv2d_layers(net):
            scores = layer._weight.abs().mean(dim=(1, 2, 3))  # the mean ranks as the sum does
            layer._mask *= scores > _threshold(scores, layer._mask, prune_percent)


def unstructured_pruning(net, prune_percent):
    with torch.no_grad():
        for layer in get_sparse_conv2d_layers(net):
            scores = layer._weight.square()  # squares rank as magnitudes do
            layer._mask *= scores > _threshold(scores, layer._mask, prune_percent)
