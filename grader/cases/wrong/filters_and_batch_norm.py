# pruning: filter_l1_pruning starts batch norm afresh
# loses 3.3c: changed, which belongs to no sparse layer

_filter_l1_pruning = filter_l1_pruning


def filter_l1_pruning(net, prune_percent):
    _filter_l1_pruning(net, prune_percent)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            nn.init.ones_(module.weight)
