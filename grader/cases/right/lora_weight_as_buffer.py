# finetuning: W0 is a buffer and so never trained, the update is made on the weight, the rest of the model frozen

import torch
from torch import nn


class LoRAClassifier(nn.Module):
    def __init__(self, fc, rank):
        super().__init__()
        self.in_features, self.out_features = fc.in_features, fc.out_features
        self.register_buffer("weight", fc.weight.detach().clone())
        self.bias = nn.Parameter(fc.bias.detach().clone())
        bound = fc.in_features**-0.5
        self.A = nn.Parameter(torch.empty(rank, fc.in_features).uniform_(-bound, bound))
        self.B = nn.Parameter(torch.zeros(fc.out_features, rank))

    def forward(self, x):
        weight = torch.addmm(self.weight, self.B, self.A)
        return nn.functional.linear(x, weight, self.bias)


def add_lora_classifier(model, rank=10):
    for param in model.parameters():
        param.requires_grad = False
    model.fc = LoRAClassifier(model.fc, rank)
    return model
