# quantization: builds the model and returns nothing
# loses 2.2a: quantize_model's result is None
# loses 2.2b
# loses 2.2c
# loses 2.2d
# loses 2.2e

import copy

import numpy as np
import torch


def quantize_model(model, bits, stochastic=False, rng=None):
    new = copy.deepcopy(model)
    for parameter in new.parameters():
        parameter.data = torch.from_numpy(dequantize(*quantize(parameter.detach().numpy(), bits))).float()
