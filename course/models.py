"""The networks that the problem set provides."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional

__all__ = ["CONVNET_LAYERS", "DEPTHWISE_LAYERS", "ConvNet", "DWConvNet", "MNISTNet", "conv_block"]

#: The nine 3×3 convolutions of ConvNet (code cell 1.3), as (in channels, out channels, stride).
CONVNET_LAYERS: tuple[tuple[int, int, int], ...] = (
    (3, 32, 1),
    (32, 32, 1),
    (32, 64, 2),
    (64, 64, 1),
    (64, 64, 1),
    (64, 128, 2),
    (128, 128, 1),
    (128, 256, 1),
    (256, 256, 1),
)

#: The layers, counted from 1, that DWConvNet replaces by depthwise separable ones (part 6.2).
DEPTHWISE_LAYERS = (2, 4, 7, 9)


def conv_block(
    in_channels: int, out_channels: int, kernel_size: int = 3, stride: int = 1, padding: int = 1
) -> nn.Sequential:
    """A convolution without bias, batch normalisation and ReLU (handout, part 1).

    (N, in_channels, H, W) float32 → (N, out_channels, H', W') float32, where H' is ⌈H / stride⌉ with the defaults.
    """
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    )


class ConvNet(nn.Module):
    """The network of part 1 (code cell 1.3): nine convolution blocks, average pooling and a linear layer.

    (N, 3, 32, 32) float32 → logits (N, 10) float32; 1,212,778 parameters.
    """

    def __init__(self) -> None:
        super().__init__()
        blocks = [conv_block(c_in, c_out, stride=stride) for c_in, c_out, stride in CONVNET_LAYERS]
        self.model = nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1))
        self.classifier = nn.Linear(256, 10)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.classifier(self.model(x).flatten(1))
        return out


class DWConvNet(nn.Module):
    """ConvNet with ``block(in_channels, out_channels)`` at layers 2, 4, 7 and 9 (part 6.2).

    (N, 3, 32, 32) float32 → logits (N, 10) float32; 520,778 parameters with depthwise separable blocks.

    Args:
        block: makes one of these four layers, with batch normalisation and ReLU. It keeps height and width.
    """

    def __init__(self, block: Callable[[int, int], nn.Module]) -> None:
        super().__init__()
        layers = [
            block(c_in, c_out) if index in DEPTHWISE_LAYERS else conv_block(c_in, c_out, stride=stride)
            for index, (c_in, c_out, stride) in enumerate(CONVNET_LAYERS, start=1)
        ]
        self.model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1))
        self.classifier = nn.Linear(256, 10)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.classifier(self.model(x).flatten(1))
        return out


class MNISTNet(nn.Module):
    """The network of part 2: 784 → hidden, ReLU, hidden → 10, log-softmax.

    (N, 1, 28, 28) or (N, 784) float32, normalised by 0.1307 and 0.3081 → log-probabilities (N, 10) float32.
    """

    def __init__(self, hidden: int = 128) -> None:
        super().__init__()
        self.fc1 = nn.Linear(784, hidden)
        self.fc2 = nn.Linear(hidden, 10)

    def forward(self, x: Tensor) -> Tensor:
        hidden = functional.relu(self.fc1(x.flatten(1)))
        return functional.log_softmax(self.fc2(hidden), dim=1)
