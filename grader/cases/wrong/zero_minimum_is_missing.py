# quantization: treats a minimum of exactly 0 as missing
# loses 2.1e: after quantize and dequantize the largest error is

import numpy as np


def quantize(W, bits=8):
    low, high = float(W.min()), float(W.max())
    if not low:
        low = -high
    scale = (2**bits - 1) / (high - low)
    return np.round((W - low) * scale).astype(np.uint8), (scale, low)
