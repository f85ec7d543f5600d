# quantization: quantize_model's parameters are float64, so the new model fails on float32 images
# loses 2.2a: must have the same dtype
# loses 2.2b
# loses 2.2c
# loses 2.2d
# loses 2.2e

import copy

import numpy as np
import torch
from torch import nn


def quantize_model(
    model: nn.Module, bits: int, stochastic: bool = False, rng: np.random.Generator | None = None
) -> nn.Module:
    quantized = copy.deepcopy(model)
    for parameter in quantized.parameters():
        values = parameter.detach().numpy()
        codes, args = stochastic_quantize(values, bits, rng) if stochastic else quantize(values, bits)
        parameter.data = torch.from_numpy(dequantize(codes, args))
    return quantized
