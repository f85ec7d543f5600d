# pruning: of nine lines written by hand one forgets conv_layer
# loses 3.1c: expected UnstructuredSparseConv

from torch import nn

from course.layers import SparseConv2d, sparse_conv_block


class SparseConvNet(nn.Module):
    def __init__(self, conv_layer=SparseConv2d):
        super().__init__()
        self.model = nn.Sequential(
            sparse_conv_block(3, 32, conv_layer=conv_layer),
            sparse_conv_block(32, 32, conv_layer=conv_layer),
            sparse_conv_block(32, 64, stride=2, conv_layer=conv_layer),
            sparse_conv_block(64, 64, conv_layer=conv_layer),
            sparse_conv_block(64, 64, conv_layer=conv_layer),
            sparse_conv_block(64, 128, stride=2),
            sparse_conv_block(128, 128, conv_layer=conv_layer),
            sparse_conv_block(128, 256, conv_layer=conv_layer),
            sparse_conv_block(256, 256, conv_layer=conv_layer),
            nn.AdaptiveAvgPool2d(1),
        )
        self.classifier = nn.Linear(256, 10)

    def forward(self, x):
        h = self.model(x)
        return self.classifier(h.view(h.size(0), -1))
