# quantization: scales to 2^bits instead of 2^bits - 1, so that the maximum wraps to 0
# loses 2.1b: shift the minimum to
# loses 2.1c
# loses 2.1d
# loses 2.1e
# loses 2.1f
# loses 2.2a
# loses 2.2b
# loses 2.2d

import numpy as np


def quantize(W, bits=8):
    shift = W.min()
    scale = 2**bits / (W.max() - shift)
    return np.round((W - shift) * scale).astype(np.uint8), (scale, shift)
