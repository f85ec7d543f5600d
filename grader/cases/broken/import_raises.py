# quantization.py: raises an exception at import
# loses 2: ZeroDivisionError: division by zero

import numpy as np

SCALE = 255 / 0


def quantize(W, bits=8):
    return np.round(W * SCALE)
