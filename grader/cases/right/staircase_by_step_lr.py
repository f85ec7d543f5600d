# training: the staircase by StepLR, whose fourth drop comes when the 100 epochs are over

import torch

LEARNING_RATES = [1e-4, 1e-1, 1e0]
BEST_LEARNING_RATE = 1e-1

SCHEDULERS = {
    "multistep": ("StepLR", lambda epochs: {"step_size": 25, "gamma": 0.1}),
    "cosine_annealing": ("CosineAnnealingLR", lambda epochs: {"T_max": epochs}),
}


def make_scheduler(name: str, optimizer: torch.optim.Optimizer, epochs: int):
    if name not in SCHEDULERS:
        raise ValueError("choose one of " + ", ".join(SCHEDULERS))
    kind, options = SCHEDULERS[name]
    return getattr(torch.optim.lr_scheduler, kind)(optimizer, **options(epochs))
