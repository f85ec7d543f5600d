# quantization: quantize_model makes a shallow copy, whose parameters are the given model's
# loses 2.2b: weight of the model that it was given

import copy

import numpy as np
import torch
from torch import nn


def quantize_model(
    model: nn.Module, bits: int, stochastic: bool = False, rng: np.random.Generator | None = None
) -> nn.Module:
    quantized = copy.copy(model)
    with torch.no_grad():
        for parameter in quantized.parameters():
            values = parameter.numpy().copy()
            codes, args = stochastic_quantize(values, bits, rng) if stochastic else quantize(values, bits)
            parameter.copy_(torch.from_numpy(dequantize(codes, args)))
    return quantized
