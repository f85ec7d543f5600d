# training: both schedules as LambdaLR

import math

import torch
from torch.optim.lr_scheduler import LambdaLR

LEARNING_RATES = [1.0, 0.1, 1e-4]
BEST_LEARNING_RATE = LEARNING_RATES[1]


def make_scheduler(name: str, optimizer: torch.optim.Optimizer, epochs: int):
    def staircase(epoch: int) -> float:
        return 10.0 ** -((epoch >= 25) + (epoch >= 50) + (epoch >= 75))

    def cosine(epoch: int) -> float:
        return 0.5 + 0.5 * math.cos(math.pi * epoch / epochs)

    factors = {"multistep": staircase, "cosine_annealing": cosine}
    if name not in factors:
        raise ValueError(f"{name!r} is none of {sorted(factors)}")
    return LambdaLR(optimizer, factors[name])
