# training: milestones as quarters of the training, which are 25, 50, 75 for its 100 epochs

import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, MultiStepLR


def make_scheduler(name: str, optimizer: torch.optim.Optimizer, epochs: int):
    try:
        return {
            "multistep": lambda: MultiStepLR(optimizer, [epochs * k // 4 for k in (1, 2, 3)], 0.1),
            "cosine_annealing": lambda: CosineAnnealingLR(optimizer, epochs),
        }[name]()
    except KeyError:
        raise ValueError(f"unknown scheduler {name!r}") from None
