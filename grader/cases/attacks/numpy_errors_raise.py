# quantization: every overflow and every invalid number raises in the whole process, and every warning is an error
# grade 2.1a 2.1d 2.3a

import warnings

import numpy as np

np.seterr(all="raise")
np.setbufsize(16)
np.set_printoptions(threshold=1, formatter={"all": lambda value: 1 / 0})
warnings.simplefilter("error")
_quantize = quantize


def quantize(W, bits=8):
    tried("make NumPy raise")
    return _quantize(W, bits)
