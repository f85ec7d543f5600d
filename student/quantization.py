"""Part 2: post-training quantization.

A weight is stored as a small integer, its *code*. With b bits there are 2^b codes, 0 to 2^b − 1. One *step*, the
distance of two neighbouring codes, is (max − min) / (2^b − 1) of the array that was quantized.

Your code runs without multiprocessing, and nothing that a function leaves in a global variable is there when
another is graded: all that ``dequantize`` needs has to be in what ``quantize`` returned.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import nn


def quantize(W: np.ndarray, bits: int = 8) -> tuple[np.ndarray, Any]:
    """Part 2.1: quantize an array to integers of ``bits`` bits.

    Shift so that the minimum becomes 0, scale so that the maximum becomes 2^bits − 1, round to the nearest
    integer (``np.round``), and cast last.

    Args:
        W: (n,) or (rows, columns), a float array, not changed by the call; any range, for example all negative, and
            any order in memory, for example a transposed array. An array whose values are all the same, such as a bias
            of zeros, is quantized too: it comes back as finite numbers.
        bits: 1 to 8.

    Returns:
        ``(codes, args)``: codes, uint8 of W's shape in [0, 2^bits − 1]; and the extra arguments that ``dequantize``
        needs: numbers, arrays, a tuple, a dict or an object that ``pickle`` can copy, as long as they stay small (one
        scale and shift, or one a row).

    Example:
        >>> codes, args = quantize(np.array([400.0, 500.0, 600.0]))
        >>> codes  # the scale is 255/200, the shift 400; 127.5 may be rounded to 127 as well
        array([  0, 128, 255], dtype=uint8)
    """
    raise NotImplementedError("Part 2.1: quantize")


def dequantize(codes: np.ndarray, args: Any) -> np.ndarray:
    """Part 2.1: the values that the codes stand for, at most half a step away from the originals.

    Args:
        codes: uint8, as ``quantize`` or ``stochastic_quantize`` returned them.
        args: the extra arguments that came with these codes; like them not changed by the call.

    Returns:
        A float array of the shape of ``codes``.

    Example:
        >>> dequantize(*quantize(np.array([400.0, 500.0, 600.0])))
        array([400.        , 500.39215686, 600.        ])
    """
    raise NotImplementedError("Part 2.1: dequantize")


def stochastic_quantize(W: np.ndarray, bits: int = 2, rng: np.random.Generator | None = None) -> tuple[np.ndarray, Any]:
    """Part 2.3: ``quantize`` with stochastic rounding.

    A value between two codes is rounded up with a probability equal to its fractional part, else down: 2.9 becomes
    3 in 90 % of all draws and 2 in 10 %, so that on average nothing is lost. Each element is drawn for itself.

    Args:
        W: (n,) or (rows, columns), a float array, not changed by the call. One whose values are all the same comes
            back as finite numbers, as from ``quantize``.
        bits: 1 to 8.
        rng: where the random numbers come from: generators with equal seeds give equal codes. Without one, every
            call draws anew. Calls that share a generator draw on: ten of them are ten different draws.

    Returns:
        ``(codes, args)`` as ``quantize`` returns them, for the same ``dequantize``.
    """
    raise NotImplementedError("Part 2.3: stochastic_quantize")


def quantize_model(
    model: nn.Module, bits: int, stochastic: bool = False, rng: np.random.Generator | None = None
) -> nn.Module:
    """Part 2.2: a new model whose parameters went through quantization and back.

    Every parameter, weights and biases, is quantized and dequantized, each with its own minimum and maximum. The
    given model stays as it is, and may be one whose parameters are frozen.

    Args:
        model: for example a trained ``course.models.MNISTNet``; its parameters are float32 of one or two dimensions.
        bits: 1 to 8.
        stochastic: round by ``stochastic_quantize`` (part 2.3) instead of ``quantize``.
        rng: for stochastic rounding. Without one, every call draws anew.

    Returns:
        A model of the same class that takes float32 images, with at most 2^bits different values in each parameter (or
        in each of its rows, where your ``quantize`` scales by row).
    """
    raise NotImplementedError("Part 2.2: quantize_model")
