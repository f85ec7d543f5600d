# quantization: leaves the worker a few frames of recursion
# grade 2.1a 2.1b
# loses 2.1a: ended the process
# loses 2.1b: ended the process

import sys

_quantize = quantize


def quantize(W, bits=8):
    answer = _quantize(W, bits)
    tried("lower the limit of recursion")
    for limit in range(1, 1000):
        try:
            sys.setrecursionlimit(limit)
            break
        except RecursionError:
            pass
    return answer
