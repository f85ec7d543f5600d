# depthwise: uses an ordinary convolution in the block
# loses 6.2a: it consists of your DepthwiseSeparableConvolution
# loses 6.2b
# loses 6.2c

from torch import nn


def dw_conv_block(in_channels, out_channels, kernel_size=3):
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, padding="same", bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    )
