# pruning: the classifier is a sparse 1x1 convolution and gets pruned as well
# loses 3.1a: use course.layers.sparse_conv_block for each row of ConvNet's table
# loses 3.1b
# loses 3.1c
# loses 3.2a

from torch import nn

from course.layers import SparseConv2d, sparse_conv_block
from course.models import CONVNET_LAYERS


class SparseConvNet(nn.Module):
    def __init__(self, conv_layer=SparseConv2d):
        super().__init__()
        blocks = [sparse_conv_block(a, b, stride=s, conv_layer=conv_layer) for a, b, s in CONVNET_LAYERS]
        self.model = nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1))
        self.classifier = conv_layer(256, 10, 1, padding=0)

    def forward(self, x):
        return self.classifier(self.model(x)).flatten(1)
