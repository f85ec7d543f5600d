# quantization: pure Python loops with round() and a draw for each number; args are a list of three

import math
from typing import Any

import numpy as np


def quantize(W: np.ndarray, bits: int = 8) -> tuple[np.ndarray, Any]:
    numbers = [float(number) for number in W.ravel()]
    low, high, top = min(numbers), max(numbers), 2**bits - 1
    codes = [round((number - low) / (high - low) * top) if high != low else 0 for number in numbers]
    return np.array(codes, dtype=np.uint8).reshape(W.shape), [low, high, top]


def dequantize(codes: np.ndarray, args: Any) -> np.ndarray:
    low, high, top = args
    values = [low + (high - low) * int(code) / top for code in codes.ravel()]
    return np.array(values, dtype=float).reshape(codes.shape)


def stochastic_quantize(W: np.ndarray, bits: int = 2, rng: np.random.Generator | None = None) -> tuple[np.ndarray, Any]:
    if rng is None:
        rng = np.random.default_rng()
    numbers = [float(number) for number in W.ravel()]
    low, high, top = min(numbers), max(numbers), 2**bits - 1
    codes = []
    for number in numbers:
        scaled = (number - low) / (high - low) * top if high != low else 0.0
        down = math.floor(scaled)
        codes.append(down + 1 if rng.random() < scaled - down else down)
    return np.array(codes, dtype=np.uint8).reshape(W.shape), [low, high, top]
