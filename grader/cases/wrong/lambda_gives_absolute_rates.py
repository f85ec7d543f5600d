# training: LambdaLR is given rates where it wants factors, so 0.1 starts at 0.01
# loses 1.2a: LambdaLR takes a factor
# loses 1.2b
# loses 1.2c

import math

import torch
from torch.optim.lr_scheduler import LambdaLR


def make_scheduler(name: str, optimizer: torch.optim.Optimizer, epochs: int):
    base = optimizer.param_groups[0]["lr"]
    if name == "multistep":
        return LambdaLR(optimizer, lambda e: base * 0.1 ** ((e >= 25) + (e >= 50) + (e >= 75)))
    if name == "cosine_annealing":
        return LambdaLR(optimizer, lambda e: base * 0.5 * (1 + math.cos(math.pi * e / epochs)))
    raise ValueError(name)
