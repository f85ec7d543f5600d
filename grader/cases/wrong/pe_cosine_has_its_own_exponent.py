# transformer: the cosine in column 2i + 1 uses the exponent (2i + 1) / depth
# loses 5.1a: the cosine of that angle
# loses 5.1b

import torch


def positional_encoding(length, depth):
    position = torch.arange(length, dtype=torch.float32).unsqueeze(1)
    column = torch.arange(depth, dtype=torch.float32)
    angles = position / torch.pow(10000.0, column / depth)
    angles[:, 0::2] = torch.sin(angles[:, 0::2])
    angles[:, 1::2] = torch.cos(angles[:, 1::2])
    return angles
