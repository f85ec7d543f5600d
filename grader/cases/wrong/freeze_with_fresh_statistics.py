# finetuning: freezing also resets the statistics of batch norm
# loses 4.1e: freeze_early_layers changed weights or outputs

_freeze_early_layers = freeze_early_layers


def freeze_early_layers(model):
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
    return _freeze_early_layers(model)
