# finetuning: as many parameters as LoRA, but tanh of the product makes the change full-rank
# loses 4.1g: the classifier's weight changed by a matrix of rank
# loses 4.1h
# loses 4.2c

import torch
from torch import nn


class LoRALinear(nn.Module):
    def __init__(self, base, rank):
        super().__init__()
        self.weight = nn.Parameter(base.weight.detach().clone(), requires_grad=False)
        self.bias = base.bias
        self.lora_A = nn.Parameter(torch.randn(rank, base.in_features))
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, x):
        return nn.functional.linear(x, self.weight + torch.tanh(self.lora_B @ self.lora_A), self.bias)


def add_lora_classifier(model, rank=10):
    model.fc = LoRALinear(model.fc, rank)
    return model
