# pruning: blocks built by a class of its own instead of sparse_conv_block, pooling by a fixed 8x8 window

from torch import Tensor, nn

from course.layers import SparseConv2d


class Block(nn.Module):
    def __init__(self, conv_layer, c_in: int, c_out: int, stride: int) -> None:
        super().__init__()
        self.conv = conv_layer(in_channels=c_in, out_channels=c_out, kernel_size=3, stride=stride, padding=1)
        self.norm = nn.BatchNorm2d(c_out)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x)).clamp(min=0)


class SparseConvNet(nn.Module):
    def __init__(self, conv_layer: type[SparseConv2d] = SparseConv2d) -> None:
        super().__init__()
        table = "3-32 32-32 32-64/2 64-64 64-64 64-128/2 128-128 128-256 256-256"
        blocks = []
        for entry in table.split():
            channels, _, stride = entry.partition("/")
            c_in, c_out = map(int, channels.split("-"))
            blocks.append(Block(conv_layer, c_in, c_out, int(stride or 1)))
        self.model = nn.Sequential(*blocks, nn.AvgPool2d(8))
        self.classifier = nn.Linear(256, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.model(x).squeeze(3).squeeze(2))
