# depthwise: uses batch statistics in evaluation too
# loses 6.2b: d keeps running statistics and uses them after eval

from torch import nn


class BatchStatistics(nn.BatchNorm2d):
    def forward(self, x):
        return nn.functional.batch_norm(x, None, None, self.weight, self.bias, training=True)


def dw_conv_block(in_channels, out_channels, kernel_size=3):
    layer = DepthwiseSeparableConvolution(in_channels, out_channels, kernel_size)
    return nn.Sequential(layer, BatchStatistics(out_channels), nn.ReLU())
