# finetuning.py: fc stays a Linear, its weight gets a parametrization W0 + BA from torch.nn.utils
from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torchvision.models import get_model


def load_pretrained() -> nn.Module:
    return get_model("resnet18", weights="IMAGENET1K_V1")


def freeze_early_layers(model: nn.Module) -> nn.Module:
    frozen = ("conv1", "bn1", "layer1", "layer2", "layer3")
    for name, module in model.named_children():
        module.requires_grad_(name not in frozen)
    return model


class LowRankUpdate(nn.Module):
    def __init__(self, rows: int, columns: int, rank: int) -> None:
        super().__init__()
        self.lora_A = nn.Parameter(torch.randn(rank, columns) * 0.02)
        self.lora_B = nn.Parameter(torch.zeros(rows, rank))

    def forward(self, weight: Tensor) -> Tensor:
        return weight + self.lora_B @ self.lora_A


def add_lora_classifier(model: nn.Module, rank: int = 10) -> nn.Module:
    rows, columns = model.fc.weight.shape
    parametrize.register_parametrization(model.fc, "weight", LowRankUpdate(rows, columns, rank))
    model.fc.parametrizations.weight.original.requires_grad_(False)
    return model
