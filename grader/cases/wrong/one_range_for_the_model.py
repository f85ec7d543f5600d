# quantization: quantize_model uses one minimum and maximum for all parameters together
# loses 2.2a
# loses 2.2b
# loses 2.2d: digits are recognised
# loses 2.2e

import copy

import numpy as np
import torch
from torch import nn


def quantize_model(
    model: nn.Module, bits: int, stochastic: bool = False, rng: np.random.Generator | None = None
) -> nn.Module:
    quantized = copy.deepcopy(model)
    everything = torch.nn.utils.parameters_to_vector(quantized.parameters()).detach().numpy()
    codes, args = stochastic_quantize(everything, bits, rng) if stochastic else quantize(everything, bits)
    values = torch.from_numpy(dequantize(codes, args)).float()
    torch.nn.utils.vector_to_parameters(values, quantized.parameters())
    return quantized
