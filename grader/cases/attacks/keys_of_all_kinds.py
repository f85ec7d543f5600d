# quantization: the extra arguments are a dict whose keys are equal, unequal to themselves, or of odd classes
# grade 2.1a 2.1d 2.1g

import decimal
import fractions

import numpy as np

_quantize, _dequantize = quantize, dequantize


def quantize(W, bits=8):
    tried("return odd keys")
    codes, args = _quantize(W, bits)
    odd = {float("nan"): 1, float("-inf"): 2, None: 3, (): 4, (1, (2, (3,))): 5, frozenset({1}): 6, b"": 7, "": 8}
    odd.update({np.float32(0.1): 1, np.int64(5): 2, fractions.Fraction(1, 3): 3, decimal.Decimal("NaN"): 4, 1j: 5})
    odd.update({-0.0: 9, ...: 6})
    return codes, {True: args, "odd": odd, int: 1, ValueError: 2, 10**40: 3}


def dequantize(codes, args):
    return _dequantize(codes, args[1])
