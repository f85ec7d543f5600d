# depthwise: prints without end in forward
# loses 6.1a: endless loop
# loses 6.1b
# loses 6.1c
# loses 6.1d
# loses 6.1e
# loses 6.1f
# loses 6.1g
# loses 6.1h
# loses 6.2a
# loses 6.2b

from torch import nn


class Printing(nn.Module):
    def __init__(self, C_in, C_out, W_H):
        super().__init__()
        while True:
            print("spam " * 1000)


DepthwiseSeparableConvolution, Layer = Printing, DepthwiseSeparableConvolution


def dw_conv_block(in_channels, out_channels, kernel_size=3):
    return nn.Sequential(Layer(in_channels, out_channels, kernel_size), nn.BatchNorm2d(out_channels), nn.ReLU())
