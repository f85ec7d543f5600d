# pruning: model is nested in three stages and ends with a Flatten

from torch import nn

from course.layers import SparseConv2d, sparse_conv_block


class Stage(nn.Sequential):
    def __init__(self, widths, stride, conv_layer):
        super().__init__()
        for c_in, c_out in zip(widths, widths[1:]):
            self.append(sparse_conv_block(c_in, c_out, stride=stride, conv_layer=conv_layer))
            stride = 1


class SparseConvNet(nn.Module):
    def __init__(self, conv_layer=SparseConv2d):
        super().__init__()
        self.model = nn.Sequential(
            Stage([3, 32, 32], 1, conv_layer),
            Stage([32, 64, 64, 64], 2, conv_layer),
            Stage([64, 128, 128, 256, 256], 2, conv_layer),
            nn.AdaptiveAvgPool2d(output_size=1),
            nn.Flatten(),
        )
        self.classifier = nn.Linear(256, 10)

    def forward(self, x):
        return self.classifier(self.model(x))
