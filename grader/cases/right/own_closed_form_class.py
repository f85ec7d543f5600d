# training: an own scheduler class with a table of factors made by numpy

import numpy as np
import torch
from torch.optim.lr_scheduler import LRScheduler

LEARNING_RATES = [float(10**k) for k in np.array([-4.0, -1.0, 0.0])]
BEST_LEARNING_RATE = 1 / 10


class FactorTable(LRScheduler):
    """Sets base rate × factors[epoch]; the last factor stays."""

    def __init__(self, optimizer: torch.optim.Optimizer, factors: np.ndarray) -> None:
        self.factors = factors
        super().__init__(optimizer)

    def get_lr(self) -> list[float]:
        factor = float(self.factors[min(self.last_epoch, len(self.factors) - 1)])
        return [base * factor for base in self.base_lrs]


def make_scheduler(name: str, optimizer: torch.optim.Optimizer, epochs: int) -> LRScheduler:
    if name == "multistep":
        return FactorTable(optimizer, np.repeat([1.0, 0.1, 0.01, 0.001], [25, 25, 25, 1]))
    if name == "cosine_annealing":
        return FactorTable(optimizer, (1 + np.cos(np.linspace(0, np.pi, epochs + 1))) / 2)
    raise ValueError("no such schedule")
