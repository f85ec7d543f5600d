# depthwise: the block is a class of its own, with the functional batch norm's module and torch.clamp as ReLU

import torch
from torch import Tensor, nn


class Block(nn.Module):
    def __init__(self, in_channels: int, out_channels: int, kernel_size: int) -> None:
        super().__init__()
        self.convolution = DepthwiseSeparableConvolution(in_channels, out_channels, kernel_size)
        self.normalization = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        return torch.clamp(self.normalization(self.convolution(x)), min=0)


def dw_conv_block(in_channels: int, out_channels: int, kernel_size: int = 3) -> nn.Module:
    return Block(in_channels, out_channels, kernel_size)
