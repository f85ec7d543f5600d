# training: an exponential decay that meets the staircase at 25, 50 and 75 only
# loses 1.2a: the rate is divided by

import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, ExponentialLR


def make_scheduler(name: str, optimizer: torch.optim.Optimizer, epochs: int):
    if name == "multistep":
        return ExponentialLR(optimizer, gamma=0.1 ** (1 / 25))
    if name == "cosine_annealing":
        return CosineAnnealingLR(optimizer, T_max=epochs)
    raise ValueError(name)
