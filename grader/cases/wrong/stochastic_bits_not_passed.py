# quantization: quantize_model does not pass bits on to stochastic_quantize, which takes its default of 2
# loses 2.2e: rounded stochastically at


import copy

import numpy as np
import torch
from torch import nn


def quantize_model(
    model: nn.Module, bits: int, stochastic: bool = False, rng: np.random.Generator | None = None
) -> nn.Module:
    quantized = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in quantized.parameters():
            values = parameter.numpy()
            codes, args = stochastic_quantize(values, rng=rng) if stochastic else quantize(values, bits)
            parameter.copy_(torch.from_numpy(dequantize(codes, args)))
    return quantized
