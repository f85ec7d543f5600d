"""Part 6: the reference."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


def _drawn(*shape: int) -> Tensor:
    """First weights as nn.Conv2d draws them."""
    return nn.init.kaiming_uniform_(torch.empty(shape), a=math.sqrt(5))


class DepthwiseSeparableConvolution(nn.Module):
    def __init__(self, C_in: int, C_out: int, W_H: int) -> None:
        super().__init__()
        self.kernel_weights = [nn.Parameter(_drawn(1, 1, W_H, W_H)[0, 0]) for _ in range(C_in)]
        for index, kernel in enumerate(self.kernel_weights):
            self.register_parameter(f"k_{index}", kernel)
        self.one_d_conv_weight = nn.Parameter(_drawn(C_out, C_in, 1, 1))
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
