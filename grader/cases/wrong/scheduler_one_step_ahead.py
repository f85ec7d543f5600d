# training: the first step is taken inside the function, so all changes come one epoch early
# loses 1.2a: every rate comes one epoch early: the milestones are
# loses 1.2b: every rate comes one epoch early: make_scheduler
# loses 1.2c

import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, MultiStepLR


def make_scheduler(name: str, optimizer: torch.optim.Optimizer, epochs: int):
    if name == "multistep":
        scheduler = MultiStepLR(optimizer, milestones=[25, 50, 75], gamma=0.1)
    elif name == "cosine_annealing":
        scheduler = CosineAnnealingLR(optimizer, T_max=epochs)
    else:
        raise ValueError(name)
    optimizer.step()
    scheduler.step()
    return scheduler
