# depthwise: doesn't pad
# loses 6.1a: The shape of the output is
# loses 6.1b
# loses 6.1c
# loses 6.1d

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
        maps = [F.conv2d(x[:, i : i + 1], kernel[None, None]) for i, kernel in enumerate(self.kernel_weights)]
        return F.conv2d(torch.cat(maps, dim=1), self.one_d_conv_weight)
