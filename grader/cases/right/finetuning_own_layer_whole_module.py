# finetuning.py: weights by the enum, everything but layer4 and fc frozen, own layer with scaling alpha / rank
from __future__ import annotations

import math

import torch
import torch.nn.functional as F
import torchvision
from torch import Tensor, nn


def load_pretrained() -> nn.Module:
    weights = torchvision.models.ResNet18_Weights.IMAGENET1K_V1
    return torchvision.models.resnet18(weights=weights)


def freeze_early_layers(model: nn.Module) -> nn.Module:
    for param in model.parameters():
        param.requires_grad = False
    for layer in (model.layer4, model.fc):
        for param in layer.parameters():
            param.requires_grad = True
    return model


class LoRALinear(nn.Module):
    def __init__(self, linear: nn.Linear, rank: int, alpha: float = 16.0) -> None:
        super().__init__()
        self.linear = linear
        self.linear.weight.requires_grad = False
        self.lora_A = nn.Parameter(torch.empty(rank, linear.in_features))
        self.lora_B = nn.Parameter(torch.zeros(linear.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.scaling = alpha / rank

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x) + self.scaling * F.linear(F.linear(x, self.lora_A), self.lora_B)


def add_lora_classifier(model: nn.Module, rank: int = 10) -> nn.Module:
    model.fc = LoRALinear(model.fc, rank)
    return model
