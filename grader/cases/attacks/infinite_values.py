# quantization: NaN, infinity and denormal numbers in codes, arguments and weights
# grade 2.1b 2.1d 2.3a 2.2a
# loses 2.1: NaN or infinite
# loses 2.3a: expected uint8
# loses 2.2a

import copy

import numpy as np

_quantize = quantize


def quantize(W, bits=8):
    tried("NaN")
    return _quantize(W, bits)[0], (float("nan"), float("-inf"))


def dequantize(codes, args):
    values = np.frombuffer(b"\x01\x00\x00\x00\x00\x00\xf4\x7f" * codes.size)
    return values.reshape(codes.shape)


def stochastic_quantize(W, bits=2, rng=None):
    return np.full(W.shape, np.inf), (0.0, 0.0)


def quantize_model(model, bits, stochastic=False, rng=None):
    model = copy.deepcopy(model)
    for parameter in model.parameters():
        parameter.data.fill_(float("nan"))
    return model
