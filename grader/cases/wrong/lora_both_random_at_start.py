# finetuning: A and B are both random, the model does not start as the pre-trained one
# loses 4.1f: copy the pre-trained weight and the bias into the new layer
# loses 4.1g
# loses 4.1h
# loses 4.2c

import torch
from torch import nn


class LoRALinear(nn.Module):
    def __init__(self, base, rank):
        super().__init__()
        self.base = base
        base.weight.requires_grad_(False)
        self.A = nn.Parameter(torch.empty(rank, base.in_features))
        self.B = nn.Parameter(torch.empty(base.out_features, rank))
        nn.init.xavier_uniform_(self.A)
        nn.init.xavier_uniform_(self.B)

    def forward(self, x):
        return self.base(x) + x @ (self.B @ self.A).T


def add_lora_classifier(model, rank=10):
    model.fc = LoRALinear(model.fc, rank)
    return model
