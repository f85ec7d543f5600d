# pruning: the ranking of the first call is kept for all later ones
# loses 3.3d: filters that were switched off are not among the smallest of those tha
# loses 3.3f

from course.layers import get_sparse_conv2d_layers


def filter_l1_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        if not hasattr(layer, "ranking"):
            layer.ranking = layer._weight.detach().abs().sum(dim=(1, 2, 3)).argsort().tolist()
        for _ in range(round(layer.out_channels * prune_percent)):
            if layer.ranking:
                layer._mask[layer.ranking.pop(0)] = 0
