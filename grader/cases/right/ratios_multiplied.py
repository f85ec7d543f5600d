# training: both schedules as ratios from one epoch to the next

import math

import torch
from torch.optim.lr_scheduler import MultiplicativeLR

LEARNING_RATES = [0.0001, 0.1, 1.0]
BEST_LEARNING_RATE = next(rate for rate in LEARNING_RATES if 0.01 < rate < 1)


def make_scheduler(name: str, optimizer: torch.optim.Optimizer, epochs: int):
    def height(epoch: int) -> float:
        return math.cos(math.pi * epoch / (2 * epochs)) ** 2  # = (1 + cos(pi e / epochs)) / 2

    if name == "multistep":
        return MultiplicativeLR(optimizer, lambda epoch: 0.1 if epoch in {25, 50, 75} else 1)
    if name == "cosine_annealing":
        return MultiplicativeLR(optimizer, lambda epoch: height(epoch) / height(epoch - 1))
    raise ValueError(name)
