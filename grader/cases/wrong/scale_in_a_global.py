# quantization: keeps scale and shift in a global variable
# loses 2.1b: cannot unpack non-iterable NoneType object
# loses 2.1d
# loses 2.1e
# loses 2.1f
# loses 2.2e

import numpy as np


LAST = None


def quantize(W, bits=8):
    global LAST
    shift = W.min()
    scale = (2**bits - 1) / (W.max() - shift)
    LAST = scale, shift
    return np.round((W - shift) * scale).astype(np.uint8), ()


def dequantize(codes, args):
    scale, shift = LAST
    return codes / scale + shift
