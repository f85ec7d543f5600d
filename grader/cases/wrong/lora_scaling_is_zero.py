# finetuning: the scaling alpha // rank is 0, the update never acts
# loses 4.1g: its weight is the same after twenty steps
# loses 4.1h
# loses 4.2c

import math

import torch
from torch import nn
from torch.nn import functional as F


class LoRALinear(nn.Module):
    def __init__(self, base, rank, alpha=1):
        super().__init__()
        self.base = base
        self.base.weight.requires_grad = False
        self.scaling = alpha // rank
        self.lora_A = nn.Parameter(torch.empty(rank, base.in_features))
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))

    def forward(self, x):
        return self.base(x) + self.scaling * F.linear(F.linear(x, self.lora_A), self.lora_B)


def add_lora_classifier(model, rank=10):
    model.fc = LoRALinear(model.fc, rank)
    return model
