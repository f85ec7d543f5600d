# training: the factors of all epochs and of the end are in lists, which are as long as a training needs

import math

import torch
from torch.optim.lr_scheduler import LambdaLR

LEARNING_RATES = [0.1, 1.0, 1e-4]
BEST_LEARNING_RATE = 0.1


def table_of(name: str, epochs: int) -> list[float]:
    table = []
    for epoch in range(epochs + 1):
        if name == "multistep":
            table.append(0.1 ** sum(1 for milestone in (25, 50, 75) if epoch >= milestone))
        elif name == "cosine_annealing":
            table.append((1 + math.cos(epoch * math.pi / epochs)) / 2)
        else:
            raise ValueError(name)
    return table


def make_scheduler(name: str, optimizer: torch.optim.Optimizer, epochs: int):
    return LambdaLR(optimizer, table_of(name, epochs).__getitem__)
