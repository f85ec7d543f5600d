# quantization: crashes in quantize
# loses 2.1: SIGSEGV
# loses 2.2a
# loses 2.2b
# loses 2.2c
# loses 2.2d

import ctypes


def quantize(W, bits=8):
    ctypes.string_at(0)
