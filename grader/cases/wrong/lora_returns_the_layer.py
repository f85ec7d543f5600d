# finetuning: the new layer is returned instead of the model
# loses 4.1f: has no attribute 'fc'
# loses 4.1g
# loses 4.1h
# loses 4.2c

import torch
from torch import nn


class LoRALinear(nn.Module):
    def __init__(self, base, rank):
        super().__init__()
        self.base = base
        self.base.weight.requires_grad = False
        self.A = nn.Parameter(torch.randn(rank, base.in_features) * 0.01)
        self.B = nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, x):
        return self.base(x) + x @ self.A.T @ self.B.T


def add_lora_classifier(model, rank=10):
    return LoRALinear(model.fc, rank)
