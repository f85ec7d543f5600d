# quantization: assumes that weights lie in [-1, 1)
# loses 2.1b: shift the minimum to
# loses 2.1d
# loses 2.1e
# loses 2.1f
# loses 2.2d

import numpy as np


def quantize(W, bits=8):
    half = 2 ** (bits - 1)
    return np.clip(np.round(W * half) + half, 0, 2**bits - 1).astype(np.uint8), (half, -1.0)
