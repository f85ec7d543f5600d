"""Part 4: the reference."""

from __future__ import annotations

import loralib
import torch
from torch import nn
from torchvision.models import ResNet, ResNet18_Weights, resnet18


def load_pretrained() -> nn.Module:
    model: nn.Module = resnet18(weights=ResNet18_Weights.IMAGENET1K_V1)
    return model


def freeze_early_layers(model: nn.Module) -> nn.Module:
    assert isinstance(model, ResNet)
    for early in (model.conv1, model.bn1, model.layer1, model.layer2):
        early.requires_grad_(False)
    return model


def add_lora_classifier(model: nn.Module, rank: int = 10) -> nn.Module:
    old = model.fc
    assert isinstance(old, nn.Linear)
    new = loralib.Linear(old.in_features, old.out_features, r=rank)
    with torch.no_grad():
        new.weight.copy_(old.weight)
        new.bias.copy_(old.bias)
    model.fc = new
    return model
