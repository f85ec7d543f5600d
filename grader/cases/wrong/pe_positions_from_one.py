# transformer: positions are counted from 1
# loses 5.1a: the cosine of that angle
# loses 5.1b

import numpy as np
import torch


def positional_encoding(length, depth):
    pos = np.arange(1, length + 1)[:, np.newaxis]
    rates = 1 / 10000 ** (np.arange(0, depth, 2) / depth)
    angles = pos * rates
    out = np.zeros((length, depth))
    out[:, 0::2] = np.sin(angles)
    out[:, 1::2] = np.cos(angles)
    return torch.tensor(out, dtype=torch.float32)
