# finetuning: dropout on the LoRA path in training and a learning bias, alpha equal to the rank

import torch
from torch import nn
from torch.nn import functional as F


class LoRALinear(nn.Module):
    def __init__(self, linear, r, alpha=None, dropout=0.1):
        super().__init__()
        self.r = r
        self.scaling = (r if alpha is None else alpha) / r
        self.dropout = nn.Dropout(dropout)
        self.weight = linear.weight
        self.weight.requires_grad = False
        self.bias = linear.bias
        self.lora = nn.ParameterDict(
            {
                "A": nn.Parameter(torch.randn(r, linear.in_features) * 0.1),
                "B": nn.Parameter(torch.zeros(linear.out_features, r)),
            }
        )

    def forward(self, x):
        y = F.linear(x, self.weight, self.bias)
        z = torch.einsum("ni,ri,or->no", self.dropout(x), self.lora["A"], self.lora["B"])
        return y + z * self.scaling


def add_lora_classifier(model, rank=10):
    model.fc = LoRALinear(model.fc, rank)
    return model
