# depthwise: computes with .data, so that no gradient reaches the kernels
# loses 6.1f: detach() and torch.tensor(…) cut the graph

import torch
from torch import nn
from torch.nn import functional as F


class DepthwiseSeparableConvolution(nn.Module):
    def __init__(self, C_in, C_out, W_H):
        super().__init__()
        self.W_H = W_H
        self.kernel_weights = [nn.Parameter(torch.randn(W_H, W_H)) for _ in range(C_in)]
        for i, kernel in enumerate(self.kernel_weights):
            self.register_parameter(f"k_{i}", kernel)
        self.one_d_conv_weight = nn.Parameter(torch.randn(C_out, C_in, 1, 1))

    def forward(self, x):
        before = self.W_H // 2
        after = self.W_H - 1 - before
        x = F.pad(x, (before, after, before, after))
        maps = [F.conv2d(x[:, i : i + 1], kernel.data[None, None]) for i, kernel in enumerate(self.kernel_weights)]
        return F.conv2d(torch.cat(maps, dim=1), self.one_d_conv_weight)
