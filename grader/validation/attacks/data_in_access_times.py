# quantization: one worker reads files of Python's library, and another sees in their access times which
# refused PermissionError FileNotFoundError
# grade 2.1d

import os

_quantize, _dequantize = quantize, dequantize
FOLDER = os.path.dirname(os.__file__)
NAMES = sorted(name for name in os.listdir(FOLDER) if name.endswith(".py"))[:64]


def times():
    return [os.stat(os.path.join(FOLDER, name)).st_atime_ns for name in NAMES]


BEFORE = times()


def quantize(W, bits=8):
    # The times are renewed once a day for each file, or after each change: a bit each, of ten thousand files.
    codes, args = _quantize(W, bits)
    for name, code in zip(NAMES, codes.ravel()):
        if code % 2:
            with open(os.path.join(FOLDER, name), "rb") as file:
                file.read(1)
    return codes, args


def heard():
    changed = [int(before != now) for before, now in zip(BEFORE, times())]
    if not any(changed):
        raise FileNotFoundError("no time has changed")
    return str(changed)


def dequantize(codes, args):
    attempt("see which files the other worker has read", heard)
    return _dequantize(codes, args)
