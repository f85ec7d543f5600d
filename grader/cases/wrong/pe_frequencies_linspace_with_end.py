# transformer: the exponents run from 0 to 1 with the end included, i / (depth/2 - 1)
# loses 5.1a: the cosine of that angle
# loses 5.1b

import torch


def positional_encoding(length, depth):
    exponents = torch.linspace(0, 1, depth // 2)
    angles = torch.arange(length).float().unsqueeze(1) / (10000.0 ** exponents)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).reshape(length, depth)
