# quantization: the codes of a 2-D array come back as 1-D
# loses 2.1a: The shape of codes is
# loses 2.1c
# loses 2.1d
# loses 2.1e
# loses 2.1f
# loses 2.1g
# loses 2.1h
# loses 2.2a
# loses 2.2b
# loses 2.2c
# loses 2.2d

from typing import Any

import numpy as np


def quantize(W: np.ndarray, bits: int = 8) -> tuple[np.ndarray, Any]:
    values = W.flatten()
    low, high = float(min(values)), float(max(values))
    scale = (2**bits - 1) / (high - low) if high > low else 1.0
    return np.array([round((value - low) * scale) for value in values], dtype=np.uint8), (scale, low)
