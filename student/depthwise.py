"""Part 6: the depthwise separable convolution, written without ``groups``.

Source: Howard et al., MobileNets, arXiv:1704.04861, section 3.1. The course's own layer, which does use ``groups``,
is ``course.layers.DepthwiseSeparableConvolutionSolution``.
"""

from __future__ import annotations

from torch import Tensor, nn


class DepthwiseSeparableConvolution(nn.Module):
    """Part 6.1: one k×k kernel for each input channel, then a 1×1 convolution that mixes the channels.

    Stride 1, no bias, zeros around the image so that it keeps its size: ⌊k/2⌋ on the left and on top,
    k − 1 − ⌊k/2⌋ on the right and at the bottom (k = W_H). As everywhere in PyTorch the kernels are not flipped.
    A grouped convolution (``groups``) must not be used. The first weights are drawn at random, as ``nn.Conv2d`` does.

    Attributes:
        kernel_weights: a list of C_in parameters (W_H, W_H), registered as ``k_0``, ``k_1``, ….
        one_d_conv_weight: a parameter (C_out, C_in, 1, 1).

    Both may be replaced after construction, by another list and another parameter; ``forward`` then uses the new
    ones.

    Args:
        C_in: channels of the input.
        C_out: channels of the output.
        W_H: the size k of the kernels, odd or even.

    Example:
        For an image of the channels [[1, 2], [3, 4]] and [[4, 5], [5, 6]], 2×2 kernels of ones and of twos, and the
        1×1 weights [[2, 3], [4, 5]], the output channels are [[26, 60], [62, 140]] and [[44, 102], [106, 240]].
    """

    def __init__(self, C_in: int, C_out: int, W_H: int) -> None:
        raise NotImplementedError("Part 6.1: DepthwiseSeparableConvolution")

    def forward(self, x: Tensor) -> Tensor:
        """(N, C_in, H, W) float32 → (N, C_out, H, W) float32."""
        raise NotImplementedError("Part 6.1: DepthwiseSeparableConvolution")


def dw_conv_block(in_channels: int, out_channels: int, kernel_size: int = 3) -> nn.Module:
    """Part 6.2: your depthwise separable convolution, batch normalisation, ReLU.

    The counterpart of ``course.models.conv_block``; ``course.models.DWConvNet(dw_conv_block)`` puts it into layers 2,
    4, 7 and 9 of ConvNet. Each call makes a new block.
    """
    raise NotImplementedError("Part 6.2: dw_conv_block")
