# quantization: quantizes the state dict but returns the original weights
# loses 2.2a: is every parameter quantized and dequantized
# loses 2.2b
# loses 2.2c
# loses 2.2d
# loses 2.2e

import copy

import numpy as np
import torch


def quantize_model(model, bits, stochastic=False, rng=None):
    state = {name: dequantize(*quantize(value.numpy(), bits)) for name, value in model.state_dict().items()}
    return copy.deepcopy(model)
