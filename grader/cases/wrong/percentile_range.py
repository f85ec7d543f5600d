# quantization: the range is that of the 1st to 99th percentile, outliers are clipped
# loses 2.1b: dequantize(quantize
# loses 2.1d
# loses 2.1e
# loses 2.1f

from typing import Any

import numpy as np


def quantize(W: np.ndarray, bits: int = 8) -> tuple[np.ndarray, Any]:
    low, high = (float(value) for value in np.percentile(W, [1, 99]))
    scale = (2**bits - 1) / (high - low) if high > low else 1.0
    codes = np.clip(np.round((W - low) * scale), 0, 2**bits - 1)
    return codes.astype(np.uint8), (scale, low)
