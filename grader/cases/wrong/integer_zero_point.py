# quantization: truncates the zero point to an integer of the array's own units
# loses 2.1c: The maximum has code
# loses 2.1d
# loses 2.1e
# loses 2.1f
# loses 2.2c
# loses 2.2d

import numpy as np


def quantize(W, bits=8):
    shift = int(W.min())
    scale = (2**bits - 1) / (W.max() - W.min())
    return np.clip(np.round((W - shift) * scale), 0, 2**bits - 1).astype(np.uint8), (scale, shift)
