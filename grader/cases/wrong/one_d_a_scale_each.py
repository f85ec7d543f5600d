# quantization: scales by row, and a 1-D array is taken as n rows of one value: all codes 0, args as large as the array
# loses 2.1a: different codes for
# loses 2.1b
# loses 2.2a
# loses 2.2b
# loses 2.2d
# loses 2.2e
# loses 2.3a
# loses 2.3b
# loses 2.3c
# loses 2.3e
# loses 2.3f

from typing import Any

import numpy as np


def quantize(W: np.ndarray, bits: int = 8) -> tuple[np.ndarray, Any]:
    rows = np.asarray(W, dtype=np.float64).reshape(len(W), -1)
    low = rows.min(axis=1, keepdims=True)
    span = rows.max(axis=1, keepdims=True) - low
    scale = (2**bits - 1) / np.where(span > 0, span, 1.0)
    return np.round((rows - low) * scale).astype(np.uint8).reshape(W.shape), (scale, low)


def dequantize(codes: np.ndarray, args: Any) -> np.ndarray:
    scale, low = args
    return (codes.reshape(len(codes), -1) / scale + low).reshape(codes.shape)


def stochastic_quantize(W: np.ndarray, bits: int = 2, rng: np.random.Generator | None = None) -> tuple[np.ndarray, Any]:
    rng = np.random.default_rng() if rng is None else rng
    rows = np.asarray(W, dtype=np.float64).reshape(len(W), -1)
    low = rows.min(axis=1, keepdims=True)
    span = rows.max(axis=1, keepdims=True) - low
    scale = (2**bits - 1) / np.where(span > 0, span, 1.0)
    codes = np.clip(np.floor((rows - low) * scale + rng.random(rows.shape)), 0, 2**bits - 1)
    return codes.astype(np.uint8).reshape(W.shape), (scale, low)
