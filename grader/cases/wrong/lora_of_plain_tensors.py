# finetuning: A and B are tensors that require a gradient and no parameters, so no optimizer finds them
# loses 4.1g: fc has no trainable parameter
# loses 4.1h
# loses 4.2c

import torch
from torch import nn


class LoRALinear(nn.Module):
    def __init__(self, linear, r):
        super().__init__()
        self.linear = linear
        self.linear.requires_grad_(False)
        self.A = (torch.randn(r, linear.in_features) / linear.in_features**0.5).requires_grad_()
        self.B = torch.zeros(linear.out_features, r, requires_grad=True)

    def forward(self, x):
        return self.linear(x) + x @ self.A.T @ self.B.T


def add_lora_classifier(model, rank=10):
    model.fc = LoRALinear(model.fc, rank)
    return model
