# quantization: deep recursion in compiled code: repr, pickle, copies and comparisons of deep lists
# grade 2.1a 1.1a
# may lose 2.1a

import copy
import json
import pickle
import sys

_quantize = quantize


def quantize(W, bits=8):
    tried("recursion in compiled code")
    deep = []
    for _ in range(200_000):
        deep = [deep]
    for action in (repr, copy.deepcopy, pickle.dumps, json.dumps, lambda one: one == copy.copy(one)):
        try:
            action(deep)
        except (RecursionError, MemoryError):
            pass
    sys.setrecursionlimit(10**6)
    try:
        repr(deep)
    except (RecursionError, MemoryError):
        pass
    return _quantize(W, bits)
