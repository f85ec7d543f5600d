# quantization: minimum and maximum of a 2-D array are those of its first row
# loses 2.1d: after quantize and dequantize the largest error is
# loses 2.1f

from typing import Any

import numpy as np


def quantize(W: np.ndarray, bits: int = 8) -> tuple[np.ndarray, Any]:
    row = W if W.ndim == 1 else W[0]
    low, high = float(row.min()), float(row.max())
    scale = (2**bits - 1) / (high - low) if high > low else 1.0
    return np.clip(np.round((W - low) * scale), 0, 2**bits - 1).astype(np.uint8), (scale, low)
