# quantization: quantize_model sets new Parameter objects, without gradient, in a copy in eval mode

import copy

import numpy as np
import torch
from torch import nn


def quantize_model(
    model: nn.Module, bits: int, stochastic: bool = False, rng: np.random.Generator | None = None
) -> nn.Module:
    quantized = copy.deepcopy(model).eval()
    for module in quantized.modules():
        for name, parameter in list(module.named_parameters(recurse=False)):
            values = parameter.detach().numpy()
            if stochastic:
                codes, args = stochastic_quantize(values, bits, rng)
            else:
                codes, args = quantize(values, bits)
            restored = torch.as_tensor(dequantize(codes, args), dtype=torch.float32)
            setattr(module, name, nn.Parameter(restored, requires_grad=False))
    return quantized
