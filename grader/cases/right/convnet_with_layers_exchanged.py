# pruning: ConvNet whose dense convolutions are exchanged for sparse ones after it was built

from torch import nn

from course.layers import SparseConv2d
from course.models import ConvNet


class SparseConvNet(ConvNet):
    def __init__(self, conv_layer: type[SparseConv2d] = SparseConv2d) -> None:
        super().__init__()
        for block in self.model:
            if isinstance(block, nn.Sequential):
                old = block[0]
                block[0] = conv_layer(old.in_channels, old.out_channels, 3, old.stride[0], 1)
