# finetuning: A and B both start at zero, both gradients are zero for ever
# loses 4.1g: its weight is the same after twenty steps
# loses 4.1h
# loses 4.2c

import torch
from torch import nn


class LoRALinear(nn.Module):
    def __init__(self, base, rank):
        super().__init__()
        self.base = base.requires_grad_(False)
        self.A = nn.Parameter(torch.zeros(rank, base.in_features))
        self.B = nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, x):
        return self.base(x) + x @ self.A.T @ self.B.T


def add_lora_classifier(model, rank=10):
    model.fc = LoRALinear(model.fc, rank)
    return model
