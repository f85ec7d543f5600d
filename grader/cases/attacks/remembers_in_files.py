# quantization: leaves the array in files, for dequantize in another process
# refused PermissionError FileNotFoundError
# grade 2.1b 2.1d 2.3a
# loses 2.1b
# loses 2.1d

import os

import numpy as np

_quantize = quantize
PLACES = ("/tmp", "/var/tmp", "/dev/shm", "..", "../shared", "$ROOT", "$ROOT/course", np.__path__[0])


def quantize(W, bits=8):
    codes, _ = _quantize(W, bits)
    np.save("harness-attack-W.npy", W)
    for place in (*PLACES, os.path.dirname(__file__)):
        attempt(f"save in {place}", np.save, os.path.join(place, "harness-attack-W.npy"), W)
    return codes, (os.path.abspath("harness-attack-W.npy"), 0.0)


def dequantize(codes, args):
    result = attempt("load", np.load, args[0])
    return np.zeros(codes.shape) if result is None else result
