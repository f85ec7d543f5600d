# quantization: the range is -max|W| to max|W|, so one-sided data uses half of the codes
# loses 2.1b: shift the minimum to
# loses 2.1c
# loses 2.1d
# loses 2.1e
# loses 2.1f
# loses 2.2d

from typing import Any

import numpy as np


def quantize(W: np.ndarray, bits: int = 8) -> tuple[np.ndarray, Any]:
    bound = float(np.abs(W).max())
    scale = (2**bits - 1) / (2 * bound) if bound > 0 else 1.0
    return np.round((W + bound) * scale).astype(np.uint8), (scale, -bound)


def dequantize(codes: np.ndarray, args: Any) -> np.ndarray:
    scale, shift = args
    return codes.astype(np.float64) / scale + shift
