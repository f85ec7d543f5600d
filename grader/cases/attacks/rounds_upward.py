# quantization: switches the processor's rounding to upwards
# grade 2.1a 2.1d 2.1f
# may lose 2.1d
# may lose 2.1f

import ctypes
import ctypes.util

_quantize = quantize
_mathematics = ctypes.CDLL(ctypes.util.find_library("m") or "libm.so.6")


def quantize(W, bits=8):
    # 0x800 is upwards on x86, 0x400000 on ARM; the other one is refused there, and changes nothing.
    for mode in 0x800, 0x400000:
        _mathematics.fesetround(mode)
    tried("round upwards")
    return _quantize(W, bits)
