# quantization: everything in float32, the result too; args are a float32 array (minimum, step)

from typing import Any

import numpy as np


def quantize(W: np.ndarray, bits: int = 8) -> tuple[np.ndarray, Any]:
    W = W.astype(np.float32)
    low, high = W.min(), W.max()
    step = (high - low) / np.float32(2**bits - 1) if high > low else np.float32(1)
    codes = np.clip(np.round((W - low) / step), 0, 2**bits - 1)
    return codes.astype(np.uint8), np.array([low, step], dtype=np.float32)


def dequantize(codes: np.ndarray, args: Any) -> np.ndarray:
    low, step = args
    return codes.astype(np.float32) * step + low


def stochastic_quantize(W: np.ndarray, bits: int = 2, rng: np.random.Generator | None = None) -> tuple[np.ndarray, Any]:
    rng = np.random.default_rng() if rng is None else rng
    W = W.astype(np.float32)
    low, high = W.min(), W.max()
    step = (high - low) / np.float32(2**bits - 1) if high > low else np.float32(1)
    scaled = np.clip((W - low) / step, 0, 2**bits - 1)
    floor = np.floor(scaled)
    codes = floor + (rng.random(W.shape, dtype=np.float32) < scaled - floor)
    return codes.astype(np.uint8), np.array([low, step], dtype=np.float32)
