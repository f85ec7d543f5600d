# quantization: quantizes the model that it is given
# loses 2.2b: weight of the model that it was given

import copy

import numpy as np
import torch


def quantize_model(model, bits, stochastic=False, rng=None):
    for parameter in model.parameters():
        weights = parameter.detach().numpy()
        codes, args = stochastic_quantize(weights, bits, rng) if stochastic else quantize(weights, bits)
        parameter.data = torch.from_numpy(dequantize(codes, args)).float()
    return model
