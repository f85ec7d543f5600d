# training: the staircase as a chain of three schedulers with one drop each

import torch
from torch.optim import lr_scheduler

LEARNING_RATES = torch.logspace(-4, 0, 5, dtype=torch.float64)[[0, 3, 4]].tolist()
BEST_LEARNING_RATE = sorted(LEARNING_RATES)[1]


def make_scheduler(name: str, optimizer: torch.optim.Optimizer, epochs: int) -> lr_scheduler.LRScheduler:
    if name == "multistep":
        drops = [lr_scheduler.MultiStepLR(optimizer, milestones=[at]) for at in (25, 50, 75)]
        return lr_scheduler.ChainedScheduler(drops, optimizer=optimizer)
    if name == "cosine_annealing":
        return lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs, eta_min=0)
    raise ValueError(f"unknown name: {name}")
