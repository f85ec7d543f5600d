# quantization: quantize_model puts the codes into the model and never dequantizes them
# loses 2.2a: each parameter is quantized by itself
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
        codes, _ = stochastic_quantize(values, bits, rng) if stochastic else quantize(values, bits)
        parameter.data = torch.from_numpy(codes).float()
    return quantized
