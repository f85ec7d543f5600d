# depthwise: gives the block as many output as input channels
# loses 6.2a: it consists of your DepthwiseSeparableConvolution
# loses 6.2b

from torch import nn


def dw_conv_block(in_channels, out_channels, kernel_size=3):
    layer = DepthwiseSeparableConvolution(in_channels, in_channels, kernel_size)
    return nn.Sequential(layer, nn.BatchNorm2d(in_channels), nn.ReLU())
