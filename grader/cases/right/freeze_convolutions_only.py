# finetuning: only the convolutions' weights of the first three stages are frozen, biases and BatchNorm stay open

from torch import nn


def freeze_early_layers(model):
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d) and not name.startswith("layer4"):
            module.weight.requires_grad = False
    return model
