# quantization: dequantize rounds to whole numbers
# loses 2.1d: after quantize and dequantize the largest error is
# loses 2.1e
# loses 2.1f
# loses 2.2c
# loses 2.2d
# loses 2.2e

from typing import Any

import numpy as np


def dequantize(codes: np.ndarray, args: Any) -> np.ndarray:
    scale, shift = args
    return np.round(codes / scale + shift).astype(np.float64)
