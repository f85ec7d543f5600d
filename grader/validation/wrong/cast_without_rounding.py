# quantization: casts without rounding
# loses ?

import numpy as np


def quantize(W, bits=8):
    shift = W.min()
    span = W.max() - shift
    return ((W - shift) / span * (2**bits - 1)).astype(np.uint8), ((2**bits - 1) / span, shift)
