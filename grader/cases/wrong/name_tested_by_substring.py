# training: names are tested by "in", so parts and longer names pass without an error
# loses 1.2d: raise ValueError(…) if the name is neither of the two

import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, MultiStepLR


def make_scheduler(name: str, optimizer: torch.optim.Optimizer, epochs: int):
    if "step" in name:
        return MultiStepLR(optimizer, milestones=[25, 50, 75], gamma=0.1)
    if "cos" in name:
        return CosineAnnealingLR(optimizer, T_max=epochs)
    raise ValueError(name)
