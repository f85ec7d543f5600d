# training: the cosine ends one epoch early and turns up again
# loses 1.2b: and one step is taken an epoch
# loses 1.2c

import torch
from torch.optim import lr_scheduler


def make_scheduler(name: str, optimizer: torch.optim.Optimizer, epochs: int):
    if name == "multistep":
        return lr_scheduler.MultiStepLR(optimizer, milestones=[25, 50, 75], gamma=0.1)
    elif name == "cosine_annealing":
        # last epoch has index epochs - 1
        return lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs - 1)
    else:
        raise ValueError("unknown scheduler: " + name)
