# training: CosineAnnealingWarmRestarts, which jumps back to the full rate where the cosine should have reached 0
# loses 1.2b: the rate is
# loses 1.2c: the rate is

from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts


def make_scheduler(name, optimizer, epochs):
    if name == "multistep":
        return MultiStepLR(optimizer, milestones=[25, 50, 75], gamma=0.1)
    if name == "cosine_annealing":
        return CosineAnnealingWarmRestarts(optimizer, T_0=epochs)
    raise ValueError(f"unknown scheduler: {name}")
