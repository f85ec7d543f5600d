# depthwise: leaves the ReLU out of the block
# loses 6.2a: depthwise separable convolution
# loses 6.2b

from torch import nn


def dw_conv_block(in_channels, out_channels, kernel_size=3):
    return nn.Sequential(
        DepthwiseSeparableConvolution(in_channels, out_channels, kernel_size), nn.BatchNorm2d(out_channels)
    )
