# training: the cosine starts again every ten epochs
# loses 1.2b: and one step is taken an epoch
# loses 1.2c

import torch
from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts, MultiStepLR


def make_scheduler(name: str, optimizer: torch.optim.Optimizer, epochs: int):
    if name == "multistep":
        return MultiStepLR(optimizer, milestones=[25, 50, 75], gamma=0.1)
    if name == "cosine_annealing":
        return CosineAnnealingWarmRestarts(optimizer, T_0=10)
    raise ValueError(name)
