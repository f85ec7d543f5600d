# training.py: a whole module, library schedulers as base classes with the handout's numbers put in

"""Part 1: training a ConvNet on CIFAR-10."""

import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, MultiStepLR

LEARNING_RATES: list[float] = [0.0001, 0.1, 1.0]
BEST_LEARNING_RATE: float = 0.1


class TenthEvery25(MultiStepLR):
    def __init__(self, optimizer: Optimizer, epochs: int) -> None:
        super().__init__(optimizer, milestones=range(25, 100, 25), gamma=1 / 10)


class CosineToTheEnd(CosineAnnealingLR):
    def __init__(self, optimizer: Optimizer, epochs: int) -> None:
        super().__init__(optimizer, T_max=epochs, eta_min=0.0)


def make_scheduler(name: str, optimizer: torch.optim.Optimizer, epochs: int) -> LRScheduler:
    known: dict[str, type[LRScheduler]] = {"multistep": TenthEvery25, "cosine_annealing": CosineToTheEnd}
    cls = known.get(name)
    if cls is None:
        raise ValueError(f"no scheduler is called {name!r}")
    return cls(optimizer, epochs)
