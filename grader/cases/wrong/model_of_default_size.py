# quantization: quantize_model builds a new model without arguments, which fails for hidden != 128
# loses 2.2a: Error(s) in loading state_dict for MNISTNet
# loses 2.2b
# loses 2.2e

import numpy as np
import torch
from torch import nn


def quantize_model(
    model: nn.Module, bits: int, stochastic: bool = False, rng: np.random.Generator | None = None
) -> nn.Module:
    quantized = type(model)()
    state = {}
    for name, tensor in model.state_dict().items():
        values = tensor.numpy()
        codes, args = stochastic_quantize(values, bits, rng) if stochastic else quantize(values, bits)
        state[name] = torch.from_numpy(dequantize(codes, args))
    quantized.load_state_dict(state)
    return quantized
