# quantization: works in place on the array that it is given
# loses 2.1g: W - W.min() makes a new array

import numpy as np


def quantize(W, bits=8):
    shift = W.min()
    W -= shift
    scale = (2**bits - 1) / W.max()
    W *= scale
    return np.round(W).astype(np.uint8), (scale, shift)
