# quantization: writes a file of 50 GB, by length, by seeking, and 100 MB byte by byte
# refused OSError
# grade 2.1a 2.3a

import os

_quantize = quantize


def _written():
    with open("harness-attack-long", "wb") as file:
        for _ in range(100):
            file.write(bytes(1 << 20))


def quantize(W, bits=8):
    with open("harness-attack-sparse", "wb") as file:
        attempt("a length of 50 GB", file.truncate, 50 << 30)
        attempt("a byte at 50 GB", os.pwrite, file.fileno(), b"x", 50 << 30)
    attempt("100 MB", _written)
    return _quantize(W, bits)
