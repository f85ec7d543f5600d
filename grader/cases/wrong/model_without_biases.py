# quantization: leaves the biases as they are
# loses 2.2a: is every parameter quantized and dequantized
# loses 2.2b
# loses 2.2d
# loses 2.2e

import copy

import numpy as np
import torch


def quantize_model(model, bits, stochastic=False, rng=None):
    new = copy.deepcopy(model)
    for name, parameter in new.named_parameters():
        if "bias" in name:
            continue
        weights = parameter.detach().numpy()
        codes, args = stochastic_quantize(weights, bits, rng) if stochastic else quantize(weights, bits)
        parameter.data = torch.from_numpy(dequantize(codes, args)).float()
    return new
