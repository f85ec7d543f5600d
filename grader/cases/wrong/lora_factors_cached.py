# finetuning: A and B come from a cached helper, so two models with the same rank train the same factors
# loses 4.1h: share parameters
import functools

import torch
from torch import nn
from torch.nn import functional


@functools.lru_cache(maxsize=None)
def _factors(rank, n_in, n_out):
    return nn.Parameter(torch.randn(rank, n_in) / n_in**0.5), nn.Parameter(torch.zeros(n_out, rank))


class LoRALinear(nn.Module):
    def __init__(self, linear, rank):
        super().__init__()
        self.weight = nn.Parameter(linear.weight.detach().clone(), requires_grad=False)
        self.bias = nn.Parameter(linear.bias.detach().clone(), requires_grad=False)
        self.A, self.B = _factors(rank, linear.in_features, linear.out_features)

    def forward(self, x):
        return functional.linear(x, self.weight + self.B @ self.A, self.bias)


def add_lora_classifier(model, rank=10):
    model.fc = LoRALinear(model.fc, rank)
    return model
