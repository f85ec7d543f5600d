# training: milestones and period count batches, though the scheduler is stepped once an epoch
# loses 1.2a: the rate is divided by
# loses 1.2b
# loses 1.2c

import torch
from torch.optim import lr_scheduler

BATCHES = 391


def make_scheduler(name: str, optimizer: torch.optim.Optimizer, epochs: int):
    if name == "multistep":
        return lr_scheduler.MultiStepLR(optimizer, [25 * BATCHES, 50 * BATCHES, 75 * BATCHES], gamma=0.1)
    if name == "cosine_annealing":
        return lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs * BATCHES)
    raise ValueError(name)
