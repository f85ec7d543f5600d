# quantization: has 2^bits + 1 levels below 8 bits
# loses 2.1f: the codes of b bits are
# loses 2.2a
# loses 2.2b
# loses 2.2d

import numpy as np


def quantize(W, bits=8):
    shift = W.min()
    levels = 255 if bits == 8 else 2**bits
    scale = levels / (W.max() - shift)
    return np.round((W - shift) * scale).astype(np.uint8), (scale, shift)
