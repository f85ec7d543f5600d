# training: the milestones are one epoch late
# loses 1.2a: the rate is divided by

import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, MultiStepLR


def make_scheduler(name: str, optimizer: torch.optim.Optimizer, epochs: int):
    if name == "multistep":
        # epochs are counted from 1, and the rate drops after the epoch
        return MultiStepLR(optimizer, milestones=[e + 1 for e in (25, 50, 75)], gamma=0.1)
    if name == "cosine_annealing":
        return CosineAnnealingLR(optimizer, T_max=epochs)
    raise ValueError(name)
