# depthwise: moves the image to the GPU, whatever there is
# loses 6.1a: Your code is graded on the CPU: use cuda only if torch.cuda.is_available().
# loses 6.1b
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

    def forward(self, x):
        before = self.W_H // 2
        after = self.W_H - 1 - before
        x = F.pad(x.cuda(), (before, after, before, after))
        maps = [F.conv2d(x[:, i : i + 1], kernel[None, None]) for i, kernel in enumerate(self.kernel_weights)]
        return F.conv2d(torch.cat(maps, dim=1), self.one_d_conv_weight)
