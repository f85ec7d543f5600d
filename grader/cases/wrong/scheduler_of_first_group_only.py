# training: only the first parameter group of the optimizer gets the new rate
# loses 1.2a: the rate is divided by
# loses 1.2b
# loses 1.2c

import math

import torch
from torch.optim.lr_scheduler import LRScheduler


class FirstGroup(LRScheduler):
    def __init__(self, optimizer, factor):
        self.factor = factor
        super().__init__(optimizer)

    def get_lr(self):
        first, *others = self.base_lrs
        return [first * self.factor(self.last_epoch), *others]


def make_scheduler(name: str, optimizer: torch.optim.Optimizer, epochs: int):
    if name == "multistep":
        return FirstGroup(optimizer, lambda e: 0.1 ** sum(e >= m for m in (25, 50, 75)))
    if name == "cosine_annealing":
        return FirstGroup(optimizer, lambda e: (1 + math.cos(math.pi * min(e / epochs, 1))) / 2)
    raise ValueError(name)
