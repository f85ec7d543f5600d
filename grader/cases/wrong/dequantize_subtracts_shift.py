# quantization: dequantize subtracts the shift
# loses 2.1b: dequantize(quantize
# loses 2.1d
# loses 2.1e
# loses 2.1f
# loses 2.2c
# loses 2.2d
# loses 2.2e

import numpy as np


def dequantize(codes, args):
    scale, shift = args
    return codes / scale - shift
