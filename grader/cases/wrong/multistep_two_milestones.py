# training: the last milestone is missing
# loses 1.2a: the rate is divided by

import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, MultiStepLR


def make_scheduler(name: str, optimizer: torch.optim.Optimizer, epochs: int):
    if name == "multistep":
        return MultiStepLR(optimizer, milestones=[25, 50], gamma=0.1)
    if name == "cosine_annealing":
        return CosineAnnealingLR(optimizer, T_max=epochs)
    raise ValueError(name)
