# quantization: 2^bits equal bins and their midpoints: small errors, but minimum and maximum are not recovered
# loses 2.1b: dequantize(quantize
# loses 2.3a
# loses 2.3b
# loses 2.3c
# loses 2.3f

from typing import Any

import numpy as np


def quantize(W: np.ndarray, bits: int = 8) -> tuple[np.ndarray, Any]:
    low, high = float(W.min()), float(W.max())
    width = (high - low) / 2**bits if high > low else 1.0
    codes = np.clip(np.floor((W - low) / width), 0, 2**bits - 1).astype(np.uint8)
    return codes, (width, low)


def dequantize(codes: np.ndarray, args: Any) -> np.ndarray:
    width, low = args
    return (codes + 0.5) * width + low


def stochastic_quantize(W: np.ndarray, bits: int = 2, rng: np.random.Generator | None = None) -> tuple[np.ndarray, Any]:
    rng = np.random.default_rng() if rng is None else rng
    low, high = float(W.min()), float(W.max())
    width = (high - low) / 2**bits if high > low else 1.0
    codes = np.clip(np.floor((W - low) / width - 0.5 + rng.random(W.shape)), 0, 2**bits - 1).astype(np.uint8)
    return codes, (width, low)
