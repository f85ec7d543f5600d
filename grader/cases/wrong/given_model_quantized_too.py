# quantization: quantize_model writes into the given model's state_dict before it copies the model
# loses 2.2b: weight of the model that it was given

import copy

import numpy as np
import torch
from torch import nn


def quantize_model(
    model: nn.Module, bits: int, stochastic: bool = False, rng: np.random.Generator | None = None
) -> nn.Module:
    state = model.state_dict()  # the tensors in it are the model's own
    for tensor in state.values():
        values = tensor.numpy().copy()
        codes, args = stochastic_quantize(values, bits, rng) if stochastic else quantize(values, bits)
        tensor.copy_(torch.from_numpy(dequantize(codes, args)))
    quantized = copy.deepcopy(model)
    quantized.load_state_dict(state)
    return quantized
