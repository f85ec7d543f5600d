# depthwise: the block's batch norm keeps no running statistics: in eval mode an output depends on the batch
# loses 6.2a: it consists of your DepthwiseSeparableConvolution
# loses 6.2b

from torch import nn


def dw_conv_block(in_channels: int, out_channels: int, kernel_size: int = 3) -> nn.Module:
    return nn.Sequential(
        DepthwiseSeparableConvolution(in_channels, out_channels, kernel_size),
        nn.BatchNorm2d(out_channels, track_running_stats=False),
        nn.ReLU(),
    )
