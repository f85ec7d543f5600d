"""Part 6: the reference."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


class DepthwiseSeparableConvolution(nn.Module):
    def __init__(self, C_in: int, C_out: int, W_H: int) -> None:
        super().__init__()
        bound = 1 / W_H  # as nn.Conv2d for one channel: 1/√(k²)
        self.kernel_weights = [nn.Parameter(torch.empty(W_H, W_H).uniform_(-bound, bound)) for _ in range(C_in)]
        for index, kernel in enumerate(self.kernel_weights):
            self.register_parameter(f"k_{index}", kernel)
        bound = 1 / math.sqrt(C_in)
        self.one_d_conv_weight = nn.Parameter(torch.empty(C_out, C_in, 1, 1).uniform_(-bound, bound))
        before = W_H // 2
        after = W_H - 1 - before
        self.padding = (before, after, before, after)

    def forward(self, x: Tensor) -> Tensor:
        padded = functional.pad(x, self.padding)
        channels = [
            functional.conv2d(padded[:, index : index + 1], kernel[None, None])
            for index, kernel in enumerate(self.kernel_weights)
        ]
        return functional.conv2d(torch.cat(channels, dim=1), self.one_d_conv_weight)


def dw_conv_block(in_channels: int, out_channels: int, kernel_size: int = 3) -> nn.Module:
    return nn.Sequential(
        DepthwiseSeparableConvolution(in_channels, out_channels, kernel_size),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    )
