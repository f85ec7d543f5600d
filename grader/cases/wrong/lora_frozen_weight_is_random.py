# finetuning: the frozen weight is a new layer's random one, not the pre-trained W0
# loses 4.1f: copy the pre-trained weight and the bias into the new layer
# loses 4.1g
# loses 4.1h
# loses 4.2c

import math

import torch
from torch import nn


class LoRALayer(nn.Linear):
    def __init__(self, in_features, out_features, r):
        super().__init__(in_features, out_features)
        self.weight.requires_grad = False
        self.lora_A = nn.Parameter(torch.empty(r, in_features))
        self.lora_B = nn.Parameter(torch.zeros(out_features, r))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))

    def forward(self, x):
        return super().forward(x) + (x @ self.lora_A.t()) @ self.lora_B.t()


def add_lora_classifier(model, rank=10):
    bias = model.fc.bias
    model.fc = LoRALayer(model.fc.in_features, model.fc.out_features, rank)
    model.fc.bias = bias
    return model
