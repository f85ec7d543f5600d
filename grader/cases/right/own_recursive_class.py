# training: own scheduler classes that go from the present rate to the next

import math

import torch
from torch.optim.lr_scheduler import LRScheduler


class EveryQuarterHundred(LRScheduler):
    def get_lr(self):
        drop = self.last_epoch in (25, 50, 75)
        return [group["lr"] / 10 if drop else group["lr"] for group in self.optimizer.param_groups]


class HalfCosine(LRScheduler):
    def __init__(self, optimizer, length):
        self.length = length
        super().__init__(optimizer)

    def get_lr(self):
        if self.last_epoch == 0:
            return [group["lr"] for group in self.optimizer.param_groups]
        step = math.pi / self.length
        now, before = self.last_epoch * step, (self.last_epoch - 1) * step
        return [
            group["lr"] * (1 + math.cos(now)) / (1 + math.cos(before)) if self.last_epoch <= self.length else 0.0
            for group in self.optimizer.param_groups
        ]


class UnknownSchedule(ValueError):
    """There is no schedule of that name."""


def make_scheduler(name: str, optimizer: torch.optim.Optimizer, epochs: int):
    match name:
        case "multistep":
            return EveryQuarterHundred(optimizer)
        case "cosine_annealing":
            return HalfCosine(optimizer, epochs)
    raise UnknownSchedule(name)
