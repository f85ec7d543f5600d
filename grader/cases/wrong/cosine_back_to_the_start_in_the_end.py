# training: warm restarts: after the last epoch the rate is back at its start
# loses 1.2b: after the last epoch the rate is
# loses 1.2c

from torch.optim import Optimizer
from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts, LRScheduler, MultiStepLR


def make_scheduler(name: str, optimizer: Optimizer, epochs: int) -> LRScheduler:
    if name == "multistep":
        return MultiStepLR(optimizer, milestones=[25, 50, 75], gamma=0.1)
    if name == "cosine_annealing":
        return CosineAnnealingWarmRestarts(optimizer, T_0=epochs)
    raise ValueError(f"no scheduler {name!r}: choose multistep or cosine_annealing")
