# quantization: assumes that the minimum is 0
# loses 2.1b: shift the minimum to
# loses 2.1c
# loses 2.1d
# loses 2.1e
# loses 2.1f
# loses 2.2c
# loses 2.2d
# loses 2.2e

import numpy as np


def quantize(W, bits=8):
    scale = (2**bits - 1) / (W.max() - W.min())
    return np.round(W * scale).astype(np.uint8), scale


def dequantize(codes, scale):
    return codes / scale
