# quantization.py: returns arrays of NaN
# loses 2.1
# loses 2.2: NaN or infinite
# loses 2.3

import copy

import numpy as np


def quantize(W, bits=8):
    return np.full(W.shape, np.nan), (np.nan, np.inf)


def dequantize(codes, args):
    return np.full(codes.shape, np.nan)


def stochastic_quantize(W, bits=2, rng=None):
    return np.full(W.shape, np.nan), ()


def quantize_model(model, bits, stochastic=False, rng=None):
    model = copy.deepcopy(model)
    for parameter in model.parameters():
        parameter.data.fill_(float("nan"))
    return model
