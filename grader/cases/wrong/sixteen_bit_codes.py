# quantization: codes are uint16
# loses 2.1a: cast with .astype(np.uint
# loses 2.1h

import numpy as np


def quantize(W, bits=8):
    shift = W.min()
    scale = (2**bits - 1) / (W.max() - shift)
    return np.round((W - shift) * scale).astype(np.uint16), (scale, shift)
