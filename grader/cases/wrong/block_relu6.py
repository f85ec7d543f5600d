# depthwise: the block ends in MobileNet's ReLU6, which cuts off at 6
# loses 6.2a: depthwise separable convolution
# loses 6.2b

from torch import nn


def dw_conv_block(in_channels: int, out_channels: int, kernel_size: int = 3) -> nn.Module:
    return nn.Sequential(
        DepthwiseSeparableConvolution(in_channels, out_channels, kernel_size),
        nn.BatchNorm2d(out_channels),
        nn.ReLU6(),
    )
