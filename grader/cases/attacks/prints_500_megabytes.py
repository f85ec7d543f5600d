# quantization: prints 500 MB, with NUL and escape sequences
# grade 2.1a 2.3a
# may lose 2.1a

import os

_quantize = quantize


def quantize(W, bits=8):
    tried("500 MB of output")
    block = (b"<script>\0\x1b[2J\xff\xfe" * 100_000)[: 1 << 20]
    for _ in range(500):
        os.write(1, block)
    return _quantize(W, bits)
