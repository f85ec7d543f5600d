# quantization: scales by row and fails in one dimension
# loses 2.1a: is out of bounds for array of dimension
# loses 2.1b
# loses 2.2a
# loses 2.2b
# loses 2.2c
# loses 2.2d

import numpy as np


def quantize(W, bits=8):
    shift = W.min(axis=1, keepdims=True)
    scale = (2**bits - 1) / (W.max(axis=1, keepdims=True) - shift)
    return np.round((W - shift) * scale).astype(np.uint8), (scale, shift)
