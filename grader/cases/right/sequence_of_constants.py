# training: the staircase as a SequentialLR of four constant stretches

import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, SequentialLR


def make_scheduler(name: str, optimizer: torch.optim.Optimizer, epochs: int):
    def constant(factor: float) -> LambdaLR:
        return LambdaLR(optimizer, lambda _: factor)

    if name == "multistep":
        stretches = [constant(10.0**-k) for k in range(4)]
        return SequentialLR(optimizer, schedulers=stretches, milestones=[25, 50, 75])
    if name == "cosine_annealing":
        return CosineAnnealingLR(optimizer, epochs)
    raise ValueError(name)
