# transformer: the angle is pos / 10000 ** 2 * i / depth, the power binds first
# loses 5.1a: the cosine of that angle
# loses 5.1b
# loses 5.1t

import torch


def positional_encoding(length, depth):
    pe = torch.zeros(length, depth)
    pos = torch.arange(length, dtype=torch.float32)
    for i in range(depth // 2):
        angle = pos / 10000 ** 2 * i / depth
        pe[:, 2 * i] = torch.sin(angle)
        pe[:, 2 * i + 1] = torch.cos(angle)
    return pe
