# quantization: uses the builtin min and max, which fail in two dimensions
# loses 2.1a: The truth value of an array with more than one element is ambiguous
# loses 2.1c
# loses 2.1d
# loses 2.1e
# loses 2.1f
# loses 2.1g
# loses 2.1h
# loses 2.2a
# loses 2.2b
# loses 2.2c
# loses 2.2d

import numpy as np


def quantize(W, bits=8):
    shift = min(W)
    scale = (2**bits - 1) / (max(W) - shift)
    return np.round((W - shift) * scale).astype(np.uint8), (scale, shift)
