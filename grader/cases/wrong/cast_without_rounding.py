# quantization: casts without rounding
# loses 2.1d: after quantize and dequantize the largest error is
# loses 2.1e
# loses 2.1f
# loses 2.2d

import numpy as np


def quantize(W, bits=8):
    shift = W.min()
    span = W.max() - shift
    return ((W - shift) / span * (2**bits - 1)).astype(np.uint8), ((2**bits - 1) / span, shift)
