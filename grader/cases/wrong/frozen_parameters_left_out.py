# quantization: quantize_model passes over parameters that do not require a gradient
# loses 2.2b: is every parameter quantized and dequantized

import copy

import numpy as np
import torch
from torch import nn


def quantize_model(
    model: nn.Module, bits: int, stochastic: bool = False, rng: np.random.Generator | None = None
) -> nn.Module:
    quantized = copy.deepcopy(model)
    for parameter in quantized.parameters():
        if parameter.requires_grad:
            values = parameter.detach().numpy()
            codes, args = stochastic_quantize(values, bits, rng) if stochastic else quantize(values, bits)
            parameter.data.copy_(torch.from_numpy(dequantize(codes, args)))
    return quantized
