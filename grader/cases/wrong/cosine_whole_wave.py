# training: a whole wave of the cosine, so the rate is back at its start in the end
# loses 1.2b: and one step is taken an epoch
# loses 1.2c

import math

import torch
from torch.optim.lr_scheduler import LambdaLR, MultiStepLR


def make_scheduler(name: str, optimizer: torch.optim.Optimizer, epochs: int):
    if name == "multistep":
        return MultiStepLR(optimizer, milestones=[25, 50, 75], gamma=0.1)
    if name == "cosine_annealing":
        return LambdaLR(optimizer, lambda e: 0.5 * (1 + math.cos(2 * math.pi * e / epochs)))
    raise ValueError(name)
