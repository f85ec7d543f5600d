# training: gamma is 10 where the rate is to be divided by 10
# loses 1.2a: the rate is divided by

import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, MultiStepLR


def make_scheduler(name: str, optimizer: torch.optim.Optimizer, epochs: int):
    if name == "multistep":
        return MultiStepLR(optimizer, [25, 50, 75], 10)
    if name == "cosine_annealing":
        return CosineAnnealingLR(optimizer, epochs)
    raise ValueError(f"unknown scheduler {name}")
