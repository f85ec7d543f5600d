# training: both names give the staircase
# loses 1.2b: and one step is taken an epoch
# loses 1.2c

import torch
from torch.optim.lr_scheduler import MultiStepLR


def make_scheduler(name: str, optimizer: torch.optim.Optimizer, epochs: int):
    if name not in ("multistep", "cosine_annealing"):
        raise ValueError(name)
    return MultiStepLR(optimizer, milestones=[25, 50, 75], gamma=0.1)
