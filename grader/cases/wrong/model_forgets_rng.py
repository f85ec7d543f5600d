# quantization: doesn't pass rng on
# loses 2.2e: Generators with equal seeds gave different models

import copy

import numpy as np
import torch


def quantize_model(model, bits, stochastic=False, rng=None):
    new = copy.deepcopy(model)
    for parameter in new.parameters():
        weights = parameter.detach().numpy()
        codes, args = stochastic_quantize(weights, bits) if stochastic else quantize(weights, bits)
        parameter.data = torch.from_numpy(dequantize(codes, args)).float()
    return new
