# training: the cosine starts from the optimizer's default rate, which is not that of its groups
# loses 1.2b: optimizer.defaults
# loses 1.2c: optimizer.defaults

import math

import torch
from torch.optim.lr_scheduler import LambdaLR, MultiStepLR


def make_scheduler(name: str, optimizer: torch.optim.Optimizer, epochs: int):
    if name == "multistep":
        return MultiStepLR(optimizer, milestones=[25, 50, 75], gamma=0.1)
    if name == "cosine_annealing":
        first = optimizer.defaults["lr"]
        rates = [
            lambda e, own=group["lr"]: first / own * (1 + math.cos(math.pi * e / epochs)) / 2
            for group in optimizer.param_groups
        ]
        return LambdaLR(optimizer, rates)
    raise ValueError(name)
