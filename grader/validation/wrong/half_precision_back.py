# quantization: dequantize computes in float16: inf beyond 65504, and too coarse for data far from 0
# loses 2.1b: dequantize(quantize
# loses 2.1d
# loses 2.1e
# loses 2.1f
# loses 2.2e

from typing import Any

import numpy as np


def dequantize(codes: np.ndarray, args: Any) -> np.ndarray:
    scale, shift = args
    return codes.astype(np.float16) / np.float16(scale) + np.float16(shift)
