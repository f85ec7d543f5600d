# quantization: code = round(W / step + zero point) with a zero point that is no integer; args is a named tuple

from typing import Any, NamedTuple

import numpy as np


class Quantization(NamedTuple):
    step: float
    zero_point: float


def quantize(W: np.ndarray, bits: int = 8) -> tuple[np.ndarray, Any]:
    W = W.astype(np.longdouble)
    step = (W.max() - W.min()) / (2**bits - 1) or np.longdouble(1)
    zero_point = -W.min() / step
    codes = np.clip(np.rint(W / step + zero_point), 0, 2**bits - 1)
    return codes.astype(np.uint8), Quantization(step, zero_point)


def dequantize(codes: np.ndarray, args: Any) -> np.ndarray:
    return ((codes - args.zero_point) * args.step).astype(float)


def stochastic_quantize(W: np.ndarray, bits: int = 2, rng: np.random.Generator | None = None) -> tuple[np.ndarray, Any]:
    rng = rng or np.random.default_rng()
    W = W.astype(np.longdouble)
    step = (W.max() - W.min()) / (2**bits - 1) or np.longdouble(1)
    zero_point = -W.min() / step
    scaled = np.clip(W / step + zero_point, 0, 2**bits - 1)
    noise = rng.uniform(-0.5, 0.5, W.shape)
    codes = np.clip(np.floor(scaled + noise + 0.5), 0, 2**bits - 1)
    return codes.astype(np.uint8), Quantization(step, zero_point)
