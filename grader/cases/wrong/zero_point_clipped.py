# quantization: the zero point is clipped to a code, so data that does not straddle 0 is destroyed
# loses 2.1b: shift the minimum to
# loses 2.1e
# loses 2.3a

from typing import Any

import numpy as np


def quantize(W: np.ndarray, bits: int = 8) -> tuple[np.ndarray, Any]:
    top = 2**bits - 1
    span = float(W.max() - W.min())
    scale = span / top if span > 0 else 1.0
    zero_point = int(np.clip(np.round(-W.min() / scale), 0, top))
    codes = np.clip(np.round(W / scale) + zero_point, 0, top).astype(np.uint8)
    return codes, (scale, zero_point)


def dequantize(codes: np.ndarray, args: Any) -> np.ndarray:
    scale, zero_point = args
    return (codes.astype(np.float64) - zero_point) * scale


def stochastic_quantize(W: np.ndarray, bits: int = 2, rng: np.random.Generator | None = None) -> tuple[np.ndarray, Any]:
    rng = np.random.default_rng() if rng is None else rng
    top = 2**bits - 1
    span = float(W.max() - W.min())
    scale = span / top if span > 0 else 1.0
    zero_point = int(np.clip(np.round(-W.min() / scale), 0, top))
    codes = np.clip(np.floor(W / scale + rng.random(W.shape)) + zero_point, 0, top).astype(np.uint8)
    return codes, (scale, zero_point)
