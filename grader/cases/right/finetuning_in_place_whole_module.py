# finetuning.py: both functions change the model in place and return nothing, raw parameters named W0, A and B
import torch
from torch import nn
from torchvision import models


def load_pretrained():
    net = models.resnet18(weights="DEFAULT")
    return net


def freeze_early_layers(model):
    for i, child in enumerate(model.children()):
        if i < 6:
            child.requires_grad_(False)


class Classifier(nn.Module):
    def __init__(self, W0, b, r):
        super().__init__()
        n_out, n_in = W0.shape
        self.W0 = nn.Parameter(W0, requires_grad=False)
        self.b = nn.Parameter(b)
        self.A = nn.Parameter(torch.randn(r, n_in) / n_in**0.5)
        self.B = nn.Parameter(torch.zeros(n_out, r))

    def forward(self, x):
        return torch.addmm(self.b, x, (self.W0 + self.B @ self.A).t())


def add_lora_classifier(model, rank=10):
    model.fc = Classifier(model.fc.weight.data.clone(), model.fc.bias.data.clone(), rank)
