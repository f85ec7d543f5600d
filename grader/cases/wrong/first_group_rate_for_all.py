# training: the cosine gives every parameter group the first group's rate
# loses 1.2b: the second parameter group has the rates of the first
# loses 1.2c: the rate is

import math


class _HalfCosine(LRScheduler):
    def __init__(self, optimizer, epochs):
        self.epochs = epochs
        self.start = float(optimizer.param_groups[0]["lr"])
        super().__init__(optimizer)

    def get_lr(self):
        share = (1 + math.cos(math.pi * self.last_epoch / self.epochs)) / 2
        return [self.start * share for _ in self.optimizer.param_groups]


def make_scheduler(name, optimizer, epochs):
    if name == "multistep":
        return MultiStepLR(optimizer, milestones=[25, 50, 75], gamma=0.1)
    if name == "cosine_annealing":
        return _HalfCosine(optimizer, epochs)
    raise ValueError(f"unknown scheduler: {name}")
