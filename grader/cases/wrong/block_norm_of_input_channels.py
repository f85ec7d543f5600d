# depthwise: the block's batch norm has in_channels, which works only where both numbers are equal, as in DWConvNet
# loses 6.2a: it consists of your DepthwiseSeparableConvolution
# loses 6.2b

from torch import nn


def dw_conv_block(in_channels: int, out_channels: int, kernel_size: int = 3) -> nn.Module:
    return nn.Sequential(
        DepthwiseSeparableConvolution(in_channels, out_channels, kernel_size),
        nn.BatchNorm2d(in_channels),
        nn.ReLU(),
    )
