# quantization: the codes are found by bisection between the midpoints of the levels; args are (levels - 1, min, max)

from typing import Any

import numpy as np


def quantize(W: np.ndarray, bits: int = 8) -> tuple[np.ndarray, Any]:
    top, low, high = 2**bits - 1, float(np.amin(W)), float(np.amax(W))
    levels = np.linspace(low, high, top + 1)
    codes = np.searchsorted((levels[1:] + levels[:-1]) / 2, W)
    if low == high:
        codes = np.zeros_like(codes)
    return codes.astype(np.uint8), (top, low, high)


def dequantize(codes: np.ndarray, args: Any) -> np.ndarray:
    top, low, high = args
    return np.linspace(low, high, top + 1)[codes]


def stochastic_quantize(W: np.ndarray, bits: int = 2, rng: np.random.Generator | None = None) -> tuple[np.ndarray, Any]:
    rng = np.random.default_rng() if rng is None else rng
    top, low, high = 2**bits - 1, float(np.amin(W)), float(np.amax(W))
    levels = np.linspace(low, high, top + 1)
    step = (high - low) / top
    codes = np.searchsorted(levels, W, side="right") - 1
    below = levels[codes]
    codes = codes + (rng.random(W.shape) * step < W - below)
    return np.clip(codes, 0, top).astype(np.uint8), (top, low, high)
