# pruning: the mask is made anew by rank among all filters, so a pruned one with large weights comes back
# loses 3.3d: filters that were off are on again

from course.layers import get_sparse_conv2d_layers


def filter_l1_pruning(net, prune_percent):
    for layer in get_sparse_conv2d_layers(net):
        norms = layer._weight.detach().abs().sum(dim=(1, 2, 3))
        total = int((layer._mask == 0).sum()) + round(norms.numel() * prune_percent)
        layer._mask.fill_(1)
        layer._mask[norms.argsort()[:total]] = 0
