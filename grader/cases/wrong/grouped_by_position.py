# depthwise: passes groups as a positional argument
# loses 6.1h: The forward pass runs a grouped convolution (aten::convolution

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
        kernels = torch.stack(list(self.kernel_weights))[:, None]
        return F.conv2d(F.conv2d(x, kernels, None, 1, 0, 1, len(kernels)), self.one_d_conv_weight)
