# quantization: uses the first layer's range for all parameters
# loses 2.2a
# loses 2.2b
# loses 2.2d: digits are recognised
# loses 2.2e

import copy

import numpy as np
import torch


def quantize_model(model, bits, stochastic=False, rng=None):
    new = copy.deepcopy(model)
    first = next(iter(new.parameters())).detach().numpy()
    low, high = first.min(), first.max()
    for parameter in new.parameters():
        scaled = (parameter.detach().numpy().clip(low, high) - low) / (high - low) * (2**bits - 1)
        if stochastic:
            scaled = np.floor(scaled + rng.random(scaled.shape))
        parameter.data = torch.from_numpy(np.round(scaled) / (2**bits - 1) * (high - low) + low).float()
    return new
