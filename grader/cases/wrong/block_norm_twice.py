# depthwise: a batch norm and a ReLU in front of the convolution as well
# loses 6.2a: depthwise separable convolution
# loses 6.2b
# loses 6.2c

from torch import nn


def dw_conv_block(in_channels: int, out_channels: int, kernel_size: int = 3) -> nn.Module:
    return nn.Sequential(
        nn.BatchNorm2d(in_channels),
        nn.ReLU(),
        DepthwiseSeparableConvolution(in_channels, out_channels, kernel_size),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    )
