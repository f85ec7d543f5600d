# pruning: the blocks stand in a python list, so their parameters are not the network's
# loses 3.1a: self.model is not a module and registers nothing: put modules into an nn.ModuleList
# loses 3.1b
# loses 3.1c
# loses 3.2a

from torch import nn

from course.layers import SparseConv2d, sparse_conv_block
from course.models import CONVNET_LAYERS


class SparseConvNet(nn.Module):
    def __init__(self, conv_layer=SparseConv2d):
        super().__init__()
        self.model = []
        for c_in, c_out, stride in CONVNET_LAYERS:
            self.model.append(sparse_conv_block(c_in, c_out, stride=stride, conv_layer=conv_layer))
        self.model.append(nn.AdaptiveAvgPool2d(1))
        self.classifier = nn.Linear(256, 10)

    def forward(self, x):
        for block in self.model:
            x = block(x)
        return self.classifier(x.flatten(1))
