"""The layers that the problem set provides.

Part 3 prunes the two sparse convolutions. Part 6 compares the student's depthwise separable convolution with the one
in this module.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = [
    "DepthwiseSeparableConvolutionSolution",
    "SparseConv2d",
    "UnstructuredSparseConv2d",
    "get_sparse_conv2d_layers",
    "same_padding",
    "sparse_conv_block",
]


class SparseConv2d(nn.Module):
    """A 2-D convolution without bias whose *filters* can be switched off by a mask (part 3.1).

    The convolution uses ``weight = mask × _weight``, where the mask has one number for each filter. An entry of 0 in
    ``_mask`` switches that filter off: its output channel is 0, and the gradient of its ``_weight`` is 0 too.

    Shapes:
        ``_weight`` (out_channels, in_channels, kernel_size, kernel_size) float32, drawn from U(−1/√in, 1/√in);
        ``_mask`` (out_channels,) float32, a buffer of ones;
        input (N, in_channels, H, W) float32, output (N, out_channels, H', W').
    """

    _weight: nn.Parameter
    _mask: Tensor

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, padding: int = 1
    ) -> None:
        super().__init__()
        self.in_channels, self.out_channels, self.kernel_size = in_channels, out_channels, kernel_size
        self.stride, self.padding = stride, padding
        bound = 1 / math.sqrt(in_channels)
        shape = (out_channels, in_channels, kernel_size, kernel_size)
        self._weight = nn.Parameter(torch.empty(shape).uniform_(-bound, bound))
        self.register_buffer("_mask", torch.ones(out_channels))

    @property
    def weight(self) -> Tensor:
        """The weights in use, mask × ``_weight``, with one mask entry for each filter."""
        return self._mask.view(-1, 1, 1, 1) * self._weight

    def forward(self, x: Tensor) -> Tensor:
        return functional.conv2d(x, self.weight, stride=self.stride, padding=self.padding)


class UnstructuredSparseConv2d(SparseConv2d):
    """A 2-D convolution without bias whose *single weights* can be switched off by a mask (part 3.4).

    The notebook calls this class ``SparseConv2d`` as well (code cell 3.4). ``_mask`` has the shape of ``_weight``.
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, padding: int = 1
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, padding)
        self.register_buffer("_mask", torch.ones_like(self._weight))

    @property
    def weight(self) -> Tensor:
        """The weights in use, mask × ``_weight``, element by element."""
        return self._mask * self._weight


def sparse_conv_block(
    in_channels: int,
    out_channels: int,
    kernel_size: int = 3,
    stride: int = 1,
    padding: int = 1,
    conv_layer: type[SparseConv2d] = SparseConv2d,
) -> nn.Sequential:
    """A sparse convolution, batch normalisation and ReLU (handout, part 3.1).

    (N, in_channels, H, W) float32 → (N, out_channels, H', W') float32, where H' is ⌈H / stride⌉ with the defaults.
    """
    return nn.Sequential(
        conv_layer(in_channels, out_channels, kernel_size, stride, padding),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    )


def get_sparse_conv2d_layers(net: nn.Module) -> list[SparseConv2d]:
    """Return all sparse convolutions of ``net``, of both kinds, in the order of ``net.modules()``."""
    return [layer for layer in net.modules() if isinstance(layer, SparseConv2d)]


def same_padding(kernel_size: int) -> tuple[int, int]:
    """Return the padding before and after each row or column with which a convolution of stride 1 keeps the size.

    An even kernel can't be centred. The handout puts the larger part before: ⌊k/2⌋ on the left and on top,
    k − 1 − ⌊k/2⌋ on the right and at the bottom.
    """
    before = kernel_size // 2
    return before, kernel_size - 1 - before


class DepthwiseSeparableConvolutionSolution(nn.Module):
    """The depthwise separable convolution with ``groups`` (part 6): a kernel for each channel, then a 1×1 convolution.

    It has stride 1, no bias and "same" padding (:func:`same_padding`). It has C_in·k² + C_in·C_out parameters; a full
    convolution has C_in·C_out·k². Source: Howard et al., MobileNets, arXiv:1704.04861, section 3.1.

    Shapes: input (N, C_in, H, W) float32, output (N, C_out, H, W).
    """

    def __init__(self, C_in: int, C_out: int, W_H: int) -> None:
        super().__init__()
        before, after = same_padding(W_H)
        self.pad = nn.ZeroPad2d((before, after, before, after))
        self.depthwise = nn.Conv2d(C_in, C_in, W_H, groups=C_in, bias=False)
        self.pointwise = nn.Conv2d(C_in, C_out, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.pointwise(self.depthwise(self.pad(x)))
        return out
