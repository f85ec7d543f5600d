# finetuning.py: the rank is 2 whatever is asked
# loses 4.1g: the classifier's weight changed by a matrix of rank
# loses 4.1h
# loses 4.2c

"""Part 4: the reference."""

from __future__ import annotations

import loralib
import torch
from torch import nn
from torchvision.models import ResNet18_Weights, resnet18

EARLY = ("conv1", "bn1", "layer1", "layer2")


def load_pretrained() -> nn.Module:
    model: nn.Module = resnet18(weights=ResNet18_Weights.IMAGENET1K_V1)
    return model


def freeze_early_layers(model: nn.Module) -> nn.Module:
    for name, parameter in model.named_parameters():
        if name.startswith(EARLY):
            parameter.requires_grad = False
    return model


def add_lora_classifier(model: nn.Module, rank: int = 10) -> nn.Module:
    old = model.fc
    assert isinstance(old, nn.Linear)
    new = loralib.Linear(old.in_features, old.out_features, r=2)
    with torch.no_grad():
        new.weight.copy_(old.weight)
        new.bias.copy_(old.bias)
    model.fc = new
    return model
