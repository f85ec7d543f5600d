# finetuning: eval() merges B·A into W0 and train() takes it out again, without noting whether it is merged
# loses 4.1g: with a second call of eval()
# loses 4.1h
# loses 4.2c
import math

import torch
from torch import nn
from torch.nn import functional


class MergingLoRALinear(nn.Linear):
    def __init__(self, base, rank):
        super().__init__(base.in_features, base.out_features)
        self.load_state_dict(base.state_dict())
        self.weight.requires_grad = False
        self.lora_A = nn.Parameter(torch.empty(rank, base.in_features))
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))

    def train(self, mode=True):
        super().train(mode)
        update = (self.lora_B @ self.lora_A).detach()
        self.weight.data += -update if mode else update
        return self

    def forward(self, x):
        out = functional.linear(x, self.weight, self.bias)
        if self.training:
            out = out + x @ self.lora_A.T @ self.lora_B.T
        return out


def add_lora_classifier(model, rank=10):
    model.fc = MergingLoRALinear(model.fc, rank)
    return model
