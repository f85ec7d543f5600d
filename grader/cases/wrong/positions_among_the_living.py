# pruning: positions in the list of living filters are used as filter numbers
# loses 3.3d: were switched off
# loses 3.3e

from course.layers import get_sparse_conv2d_layers


def filter_l1_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        norms = layer._weight.detach().abs().sum(dim=(1, 2, 3))
        norms = norms[layer._mask != 0]
        k = min(round(layer.out_channels * prune_percent), len(norms))
        _, smallest = norms.topk(k, largest=False)
        layer._mask[smallest] = 0
