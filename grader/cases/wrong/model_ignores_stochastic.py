# quantization: rounds to nearest whatever stochastic says
# loses 2.2e: with stochastic=True every parameter goes through stochastic_quantize

import copy

import numpy as np
import torch


def quantize_model(model, bits, stochastic=False, rng=None):
    new = copy.deepcopy(model)
    for parameter in new.parameters():
        parameter.data = torch.from_numpy(dequantize(*quantize(parameter.detach().numpy(), bits))).float()
    return new
