# quantization: scale and shift are kept as float16, too inexact for data far from 0

from typing import Any

import numpy as np


def quantize(W: np.ndarray, bits: int = 8) -> tuple[np.ndarray, Any]:
    low = W.min()
    span = W.max() - low
    scale = (2**bits - 1) / span if span > 0 else 1.0
    return np.round((W - low) * scale).astype(np.uint8), np.array([1 / scale, low], dtype=np.float16)


def dequantize(codes: np.ndarray, args: Any) -> np.ndarray:
    step, low = args.astype(np.float64)
    return codes * step + low


def stochastic_quantize(W: np.ndarray, bits: int = 2, rng: np.random.Generator | None = None) -> tuple[np.ndarray, Any]:
    rng = np.random.default_rng() if rng is None else rng
    low = W.min()
    span = W.max() - low
    scale = (2**bits - 1) / span if span > 0 else 1.0
    codes = np.clip(np.floor((W - low) * scale + rng.random(W.shape)), 0, 2**bits - 1).astype(np.uint8)
    return codes, np.array([1 / scale, low], dtype=np.float16)
