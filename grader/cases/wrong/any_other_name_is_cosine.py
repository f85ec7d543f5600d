# training: every name but multistep gives the cosine, no error
# loses 1.2d: raise ValueError(…) if the name is neither of the two

import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, MultiStepLR


def make_scheduler(name: str, optimizer: torch.optim.Optimizer, epochs: int):
    if name == "multistep":
        return MultiStepLR(optimizer, milestones=[25, 50, 75], gamma=0.1)
    return CosineAnnealingLR(optimizer, T_max=epochs)
