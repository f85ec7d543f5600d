# finetuning: hooks set the gradients to zero, but weight decay still moves the weights
# loses 4.1d: set requires_grad to False for the parameters of the first layers
# loses 4.1e
# loses 4.2b
# loses 4.2c

import torch


def freeze_early_layers(model):
    for name, param in model.named_parameters():
        if name.split(".")[0] in {"conv1", "bn1", "layer1", "layer2"}:
            param.register_hook(torch.zeros_like)
    return model
