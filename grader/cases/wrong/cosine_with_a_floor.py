# training: the cosine falls to a thousandth instead of 0
# loses 1.2b: the rate falls to 0.001 and not to 0: leave out eta_min
# loses 1.2c

from torch.optim import lr_scheduler


def make_scheduler(name, optimizer, epochs):
    if name == "multistep":
        return lr_scheduler.MultiStepLR(optimizer, [25, 50, 75], gamma=0.1)
    if name == "cosine_annealing":
        return lr_scheduler.CosineAnnealingLR(optimizer, epochs, eta_min=0.001)
    raise ValueError(name)
