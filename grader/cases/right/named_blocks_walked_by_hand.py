# pruning: blocks with names in a Sequential, the forward pass walks over them by hand

from itertools import pairwise

import torch
from torch import nn

from course.layers import SparseConv2d, sparse_conv_block

PRUNE_EPOCHS = torch.linspace(10, 50, 5).int().tolist()


class SparseConvNet(nn.Module):
    WIDTHS = (3, 32, 32, 64, 64, 64, 128, 128, 256, 256)

    def __init__(self, conv_layer: type[SparseConv2d] = SparseConv2d) -> None:
        nn.Module.__init__(self)
        self.classifier = nn.Linear(self.WIDTHS[-1], 10, bias=True)
        self.model = nn.Sequential()
        for number, (before, after) in enumerate(pairwise(self.WIDTHS), start=1):
            stride = 2 if number in {3, 6} else 1
            block = sparse_conv_block(before, after, 3, stride, 1, conv_layer)
            self.model.add_module(f"block{number}", block)
        self.model.add_module("pool", nn.AdaptiveAvgPool2d((1, 1)))

    def forward(self, x):
        for _, part in self.model.named_children():
            x = part(x)
        return self.classifier(x[:, :, 0, 0])
