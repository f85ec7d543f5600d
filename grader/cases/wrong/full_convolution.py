# depthwise: uses a full convolution beside the parameters
# loses 6.1a: the output is the same with other kernels: read self.kernel_weights in forward each time
# loses 6.1b: the output is the same with other kernels
# loses 6.1c
# loses 6.1d
# loses 6.1e
# loses 6.1f
# loses 6.1g
# loses 6.1h
# loses 6.2a
# loses 6.2b
# loses 6.2c

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
        self.conv = nn.Conv2d(C_in, C_out, W_H, bias=False)

    def forward(self, x):
        before = self.W_H // 2
        after = self.W_H - 1 - before
        x = F.pad(x, (before, after, before, after))
        return self.conv(x)
