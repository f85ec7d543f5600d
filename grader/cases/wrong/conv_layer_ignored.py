# pruning: the network takes conv_layer and never uses it
# loses 3.1c: expected UnstructuredSparseConv

from torch import nn

from course.layers import SparseConv2d, sparse_conv_block
from course.models import CONVNET_LAYERS


class SparseConvNet(nn.Module):
    def __init__(self, conv_layer=SparseConv2d):
        super().__init__()
        blocks = [sparse_conv_block(c_in, c_out, stride=stride) for c_in, c_out, stride in CONVNET_LAYERS]
        self.model = nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1))
        self.classifier = nn.Linear(256, 10)

    def forward(self, x):
        return self.classifier(self.model(x).flatten(1))
