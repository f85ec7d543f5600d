# pruning: no block has a stride of 2, the pooling hides it
# loses 3.1a
# loses 3.1b: the outputs with ConvNet's weights
# loses 3.1c
# loses 3.2a

from torch import nn

from course.layers import SparseConv2d, sparse_conv_block


class SparseConvNet(nn.Module):
    def __init__(self, conv_layer=SparseConv2d):
        super().__init__()
        widths = [3, 32, 32, 64, 64, 64, 128, 128, 256, 256]
        blocks = [sparse_conv_block(a, b, conv_layer=conv_layer) for a, b in zip(widths, widths[1:])]
        self.model = nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1))
        self.classifier = nn.Linear(256, 10)

    def forward(self, x):
        return self.classifier(self.model(x).flatten(1))
