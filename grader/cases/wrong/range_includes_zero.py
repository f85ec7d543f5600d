# quantization: the range is stretched to contain 0, as in TFLite, so data far from 0 has too coarse a step
# loses 2.1b: shift the minimum to
# loses 2.1e

from typing import Any

import numpy as np


def quantize(W: np.ndarray, bits: int = 8) -> tuple[np.ndarray, Any]:
    low = min(0.0, float(W.min()))
    high = max(0.0, float(W.max()))
    scale = (2**bits - 1) / (high - low) if high > low else 1.0
    return np.round((W - low) * scale).astype(np.uint8), (scale, low)


def dequantize(codes: np.ndarray, args: Any) -> np.ndarray:
    scale, low = args
    return codes.astype(np.float64) / scale + low
