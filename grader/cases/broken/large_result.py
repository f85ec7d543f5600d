# quantization: returns a gigabyte
# loses 2.1: too large to send
# loses 2.2a
# loses 2.2b
# loses 2.2c
# loses 2.2d

import numpy as np


def quantize(W, bits=8):
    return np.zeros(2**30, dtype=np.uint8), ()
