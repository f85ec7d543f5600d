# quantization: the codes of a 2-D array come back as 1-D

from typing import Any

import numpy as np


def quantize(W: np.ndarray, bits: int = 8) -> tuple[np.ndarray, Any]:
    values = W.flatten()
    low, high = float(min(values)), float(max(values))
    scale = (2**bits - 1) / (high - low) if high > low else 1.0
    return np.array([round((value - low) * scale) for value in values], dtype=np.uint8), (scale, low)
