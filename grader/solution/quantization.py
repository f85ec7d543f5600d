"""Part 2: the reference."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import nn

Arguments = tuple[float, float]
"""(scale, shift), with code = (value − shift) · scale before rounding."""


def _scaled(W: np.ndarray, bits: int) -> tuple[np.ndarray, Arguments]:
    """Values in units of a step, float64 in [0, 2^bits − 1], and the arguments that lead back."""
    values = np.asarray(W, dtype=np.float64)
    shift = float(values.min())
    span = float(values.max()) - shift
    if span == 0:  # a constant array: every value is the shift
        return np.zeros_like(values), (1.0, shift)
    # Divided first, the maximum is exactly 1 and becomes exactly 2^bits − 1.
    return (values - shift) / span * (2**bits - 1), ((2**bits - 1) / span, shift)


def quantize(W: np.ndarray, bits: int = 8) -> tuple[np.ndarray, Arguments]:
    scaled, args = _scaled(W, bits)
    return np.round(scaled).astype(np.uint8), args


def dequantize(codes: np.ndarray, args: Arguments) -> np.ndarray:
    scale, shift = args
    return np.asarray(codes, dtype=np.float64) / scale + shift


def stochastic_quantize(
    W: np.ndarray, bits: int = 2, rng: np.random.Generator | None = None
) -> tuple[np.ndarray, Arguments]:
    rng = np.random.default_rng() if rng is None else rng
    scaled, args = _scaled(W, bits)
    floor = np.floor(scaled)
    up = rng.random(scaled.shape) < scaled - floor  # never above the maximum, which is exactly 2^bits − 1
    return (floor + up).astype(np.uint8), args


def quantize_model(
    model: nn.Module, bits: int, stochastic: bool = False, rng: np.random.Generator | None = None
) -> nn.Module:
    quantized = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in quantized.parameters():
            weights = parameter.cpu().numpy()
            codes, args = stochastic_quantize(weights, bits, rng) if stochastic else quantize(weights, bits)
            parameter.copy_(torch.from_numpy(dequantize(codes, args)))
    return quantized
