# training: the cosine schedule passes an argument that its class doesn't have
# loses 1.2b: unexpected keyword argument
# loses 1.2c: unexpected keyword argument
# loses 1.2d: unexpected keyword argument

import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, MultiStepLR


def make_scheduler(name: str, optimizer: torch.optim.Optimizer, epochs: int):
    if name == "multistep":
        return MultiStepLR(optimizer, milestones=[25, 50, 75], gamma=0.1)
    if name == "cosine_annealing":
        return CosineAnnealingLR(optimizer, T_max=epochs, minimum_lr=0.0)
    raise ValueError(f"no scheduler is called {name!r}")
