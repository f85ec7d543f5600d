# quantization: returns the codes without the extra arguments
# loses 2.1a: the codes and the extra arguments
# loses 2.1b
# loses 2.1c
# loses 2.1d
# loses 2.1e
# loses 2.1f
# loses 2.1g
# loses 2.1h
# loses 2.2a
# loses 2.2b
# loses 2.2c
# loses 2.2d

import numpy as np


def quantize(W, bits=8):
    shift = W.min()
    return np.round((W - shift) * (2**bits - 1) / (W.max() - shift)).astype(np.uint8)
