# quantization: hides the original array in the extra arguments
# loses 2.1c: a scale and a shift are enough to get back from the codes
# loses 2.1d
# loses 2.1e
# loses 2.1f
# loses 2.1h
# loses 2.2a
# loses 2.2b
# loses 2.2c
# loses 2.2d
# loses 2.2e

import numpy as np


def quantize(W, bits=8):
    shift = W.min()
    scale = (2**bits - 1) / (W.max() - shift)
    return np.round((W - shift) * scale).astype(np.uint8), W.copy()


def dequantize(codes, args):
    return args
