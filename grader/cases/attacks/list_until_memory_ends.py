# quantization: touches 128 MB and goes on until there is no memory
# refused MemoryError _ArrayMemoryError
# grade 2.1a 2.3a

import numpy

_quantize = quantize


def _fill():
    held = [bytearray(64 << 20) for _ in range(2)]
    for one in held:
        one[::4096] = bytes(16384)
    while len(held) < 60:
        held.append(numpy.empty(64 << 20, dtype=numpy.uint8))
    return len(held)


def quantize(W, bits=8):
    attempt("4 GB", _fill)
    attempt("a long list", lambda: len([0] * (300 << 20)))
    attempt("a long text", lambda: len("x" * (2300 << 20)))
    attempt("a long number", lambda: (1 << (2300 << 23)).bit_length())
    return _quantize(W, bits)
