# quantization: quantize_model replaces the entries of a state_dict by name and loads it into a copy

import copy

import numpy as np
import torch
from torch import nn


def quantize_model(
    model: nn.Module, bits: int, stochastic: bool = False, rng: np.random.Generator | None = None
) -> nn.Module:
    new = copy.deepcopy(model)
    state = model.state_dict()
    for name, parameter in model.named_parameters():
        values = parameter.detach().cpu().double().numpy()
        packed = stochastic_quantize(values, bits=bits, rng=rng) if stochastic else quantize(values, bits=bits)
        state[name] = torch.tensor(dequantize(*packed), dtype=parameter.dtype)
    new.load_state_dict(state)
    return new
