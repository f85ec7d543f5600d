# quantization: dequantize divides the range by 255 whatever the number of bits was
# loses 2.1f: not from a fixed 255
# loses 2.2d
# loses 2.2e

import numpy as np


def quantize(W: np.ndarray, bits: int = 8):
    values = np.asarray(W, dtype=np.float64)
    low, span = float(values.min()), float(np.ptp(values)) or 1.0
    return np.round((values - low) / span * (2**bits - 1)).astype(np.uint8), (span, low)


def dequantize(codes: np.ndarray, args) -> np.ndarray:
    span, low = args
    return np.asarray(codes, dtype=np.float64) * (span / 255) + low
