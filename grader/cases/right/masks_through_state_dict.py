# pruning: reads and writes the masks through the state dict, scores from the weights in use

import torch

from course.layers import get_sparse_conv2d_layers


def _pruned(mask, scores, fraction):
    flat = mask.clone().flatten()
    alive = torch.nonzero(flat, as_tuple=True)[0]
    count = min(round(flat.numel() * fraction), alive.numel())
    _, order = torch.sort(scores.flatten()[alive], descending=True)
    flat[alive[order[alive.numel() - count :]]] = 0
    return flat.reshape(mask.shape)


def filter_l1_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        state = layer.state_dict()
        scores = layer.weight.detach().abs().sum(3).sum(2).sum(1)
        state["_mask"] = _pruned(state["_mask"], scores, prune_percent)
        layer.load_state_dict(state)


def unstructured_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        state = layer.state_dict()
        state["_mask"] = _pruned(state["_mask"], layer.weight.detach().abs(), prune_percent)
        layer.load_state_dict(state)
