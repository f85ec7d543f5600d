# quantization: empties the list of modules and forbids to import any
# grade 2.1a 2.1b

import builtins
import sys

_quantize = quantize


def no_import(*arguments, **keywords):
    raise ImportError("nothing is left")


def quantize(W, bits=8):
    answer = _quantize(W, bits)
    tried("forget all modules")
    sys.modules.clear()
    sys.meta_path.clear()
    sys.path.clear()
    builtins.__import__ = no_import
    return answer
