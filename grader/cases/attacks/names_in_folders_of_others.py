# quantization: leaves names and sizes of files, for dequantize to look at in another process
# refused PermissionError FileNotFoundError
# grade 2.1d 2.1e
# loses 2.1d
# loses 2.1e

import os

import numpy as np


def quantize(W, bits=8):
    for index, value in enumerate(W.ravel()[:64].view(np.uint32)):
        with open(f"w{index}", "wb") as file:
            file.truncate(int(value) >> 8)
    return np.zeros(W.shape, np.uint8), (os.getcwd(), 0.0)


def dequantize(codes, args):
    attempt("look at a file's size", os.stat, os.path.join(args[0], "w0"))
    attempt("look at the folder", os.stat, args[0])
    attempt("ask how full the disk is", os.statvfs, ".")
    return codes.astype(np.float32)
