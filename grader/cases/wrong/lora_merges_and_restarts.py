# finetuning: eval() merges B·A into W0 and sets B to 0, so after more training the change has up to twice the rank
# loses 4.1g: by a matrix of rank
# loses 4.1h
# loses 4.2c
import math

import torch
from torch import nn
from torch.nn import functional


class MergingLoRA(nn.Module):
    def __init__(self, linear, rank):
        super().__init__()
        self.weight = nn.Parameter(linear.weight.detach().clone(), requires_grad=False)
        self.bias = nn.Parameter(linear.bias.detach().clone())
        self.lora_A = nn.Parameter(torch.empty(rank, linear.in_features))
        self.lora_B = nn.Parameter(torch.zeros(linear.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))

    def train(self, mode=True):
        super().train(mode)
        if not mode:
            with torch.no_grad():
                self.weight += self.lora_B @ self.lora_A
                self.lora_B.zero_()
                nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        return self

    def forward(self, x):
        out = functional.linear(x, self.weight, self.bias)
        return out + x @ self.lora_A.T @ self.lora_B.T


def add_lora_classifier(model, rank=10):
    model.fc = MergingLoRA(model.fc, rank)
    return model
