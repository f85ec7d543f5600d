# finetuning: the LoRA layer has no bias, the pre-trained one is lost
# loses 4.1f: copy the pre-trained weight and the bias into the new layer
# loses 4.1g
# loses 4.1h
# loses 4.2c

import torch
from torch import nn


class LoRALinear(nn.Module):
    def __init__(self, linear, rank):
        super().__init__()
        self.weight = nn.Parameter(linear.weight.detach().clone(), requires_grad=False)
        self.lora_A = nn.Parameter(torch.randn(rank, linear.in_features) * 0.01)
        self.lora_B = nn.Parameter(torch.zeros(linear.out_features, rank))

    def forward(self, x):
        return x @ self.weight.T + x @ self.lora_A.T @ self.lora_B.T


def add_lora_classifier(model, rank=10):
    model.fc = LoRALinear(model.fc, rank)
    return model
