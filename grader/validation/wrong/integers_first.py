# quantization: the values are cast to integers before they are scaled, so all fractions are lost
# loses 2.1a: different codes for
# loses 2.1d
# loses 2.1e
# loses 2.1f
# loses 2.1g
# loses 2.1h
# loses 2.2c
# loses 2.2d

from typing import Any

import numpy as np


def quantize(W: np.ndarray, bits: int = 8) -> tuple[np.ndarray, Any]:
    shift = float(W.min())
    shifted = (W - shift).astype(np.int64)
    span = float(shifted.max())
    scale = (2**bits - 1) / span if span > 0 else 1.0
    return np.round(shifted * scale).astype(np.uint8), (scale, shift)
