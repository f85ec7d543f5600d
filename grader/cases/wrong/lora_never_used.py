# finetuning: A and B are registered on the model but fc's forward does not use them
# loses 4.1g: its weight is the same after twenty steps
# loses 4.1h
# loses 4.2c

import torch
from torch import nn


def add_lora_classifier(model, rank=10):
    fc = model.fc
    fc.weight.requires_grad = False
    fc.lora_A = nn.Parameter(torch.randn(rank, fc.in_features) * 0.01)
    fc.lora_B = nn.Parameter(torch.zeros(fc.out_features, rank))
    return model
