# quantization: one step and minimum a row of a 2-D array, in a dict; one of each for 1-D

from typing import Any

import numpy as np


def _row_steps(W: np.ndarray, bits: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    values = np.array(W, dtype=np.float64, ndmin=2)
    low = values.min(axis=1, keepdims=True)
    step = (values.max(axis=1, keepdims=True) - low) / (2**bits - 1)
    step[step == 0] = 1.0
    scaled = ((values - low) / step).reshape(np.shape(W))
    return scaled, {"step": step, "low": low}


def quantize(W: np.ndarray, bits: int = 8) -> tuple[np.ndarray, Any]:
    scaled, args = _row_steps(W, bits)
    return np.rint(scaled).astype(np.uint8), args


def dequantize(codes: np.ndarray, args: Any) -> np.ndarray:
    return (codes * args["step"] + args["low"]).reshape(codes.shape)


def stochastic_quantize(W: np.ndarray, bits: int = 2, rng: np.random.Generator | None = None) -> tuple[np.ndarray, Any]:
    scaled, args = _row_steps(W, bits)
    if rng is None:
        rng = np.random.default_rng()
    codes = np.floor(scaled + rng.random(scaled.shape))
    return np.minimum(codes, 2**bits - 1).astype(np.uint8), args
