# quantization: changes the number of levels in quantize but not in dequantize
# loses 2.1f: after quantize and dequantize the largest error is
# loses 2.2d
# loses 2.2e

import numpy as np


def quantize(W, bits=8):
    shift, span = W.min(), W.max() - W.min()
    return np.round((W - shift) / span * (2**bits - 1)).astype(np.uint8), (span, shift)


def dequantize(codes, args):
    span, shift = args
    return codes / 255 * span + shift
