# depthwise: dw_conv_block is cached, so two networks share the blocks of equal channels
# loses 6.2c: share their parameters

import functools


@functools.lru_cache(maxsize=None)
def dw_conv_block(in_channels, out_channels, kernel_size=3):
    return nn.Sequential(
        DepthwiseSeparableConvolution(in_channels, out_channels, kernel_size),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    )
