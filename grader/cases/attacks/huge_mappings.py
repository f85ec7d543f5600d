# quantization: maps 16 times 256 MB, shared and private, then asks for 3 GB in one piece
# refused OSError MemoryError _ArrayMemoryError RuntimeError
# grade 2.1a 2.3a

import mmap

import numpy as np
import torch

_quantize = quantize
SIZE = 256 << 20


def _map(flags):
    held = []
    for _ in range(16):
        held.append(mmap.mmap(-1, SIZE, flags))
        held[-1][:: 1 << 20] = bytes(256)
    return len(held)


def quantize(W, bits=8):
    attempt("shared memory", _map, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS)
    attempt("private memory", _map, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    attempt("memory without reserve", _map, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000)
    attempt("bytes", lambda: len(bytearray(3 << 30)))
    attempt("an array", lambda: np.empty(3 << 30, np.uint8).size)
    attempt("a tensor", lambda: torch.empty(3 << 30, dtype=torch.uint8).numel())
    return _quantize(W, bits)
