# quantization: np.interp in both directions, halves rounded up, args packed into 24 bytes

import struct
from typing import Any

import numpy as np


def quantize(W: np.ndarray, bits: int = 8) -> tuple[np.ndarray, Any]:
    low, high, top = float(W.min()), float(W.max()), float(2**bits - 1)
    scaled = np.interp(W, [low, high], [0.0, top])
    return np.floor(scaled + 0.5).astype(np.uint8), struct.pack("<ddd", low, high, top)


def dequantize(codes: np.ndarray, args: Any) -> np.ndarray:
    low, high, top = struct.unpack("<ddd", args)
    return np.interp(codes, [0.0, top], [low, high])


def stochastic_quantize(W: np.ndarray, bits: int = 2, rng: np.random.Generator | None = None) -> tuple[np.ndarray, Any]:
    rng = np.random.default_rng() if rng is None else rng
    low, high, top = float(W.min()), float(W.max()), float(2**bits - 1)
    scaled = np.interp(W, [low, high], [0.0, top])
    whole = np.ceil(scaled)
    codes = whole - (rng.random(W.shape) < whole - scaled)
    return codes.astype(np.uint8), struct.pack("<ddd", low, high, top)
