# quantization: quantizes to 8 bits whatever is asked for
# loses 2.2a: is every parameter quantized and dequantized
# loses 2.2b
# loses 2.2d
# loses 2.2e

import copy

import numpy as np
import torch


def quantize_model(model, bits, stochastic=False, rng=None):
    new = copy.deepcopy(model)
    for parameter in new.parameters():
        weights = parameter.detach().numpy()
        codes, args = stochastic_quantize(weights, 8, rng) if stochastic else quantize(weights)
        parameter.data = torch.from_numpy(dequantize(codes, args)).float()
    return new
