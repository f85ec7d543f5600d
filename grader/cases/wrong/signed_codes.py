# quantization: codes are signed int8
# loses 2.1a: cast with .astype(np.uint
# loses 2.1b
# loses 2.1c

import numpy as np


def quantize(W, bits=8):
    shift = W.min()
    scale = (2**bits - 1) / (W.max() - shift)
    return (np.round((W - shift) * scale) - 2 ** (bits - 1)).astype(np.int8), (scale, shift + 2 ** (bits - 1) / scale)
