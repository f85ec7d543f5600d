"""Part 1: training a ConvNet on CIFAR-10.

The network is ``course.models.ConvNet``, the training loop is the course's. Here you choose what the loop is
given: the learning rates to compare, the best of them, and the two learning-rate schedules.
"""

from __future__ import annotations

import torch

#: Part 1.1: the three learning rates of the handout, a list of floats.
LEARNING_RATES: list[float] | None = None

#: Part 1.1: the one of them that trained best in your experiment, a float.
BEST_LEARNING_RATE: float | None = None


def make_scheduler(name: str, optimizer: torch.optim.Optimizer, epochs: int) -> torch.optim.lr_scheduler.LRScheduler:
    """Part 1.2: a learning-rate scheduler that is stepped once an epoch.

    Args:
        name: ``"multistep"`` divides the rate by 10 after epochs 25, 50 and 75; ``"cosine_annealing"`` lets it
            fall along half a cosine that reaches 0 after ``epochs`` epochs.
        optimizer: the optimizer whose rate it sets, in all of its parameter groups; their rates are the first epoch's.
        epochs: the number of epochs of the whole training, 100 in the handout. The cosine follows any number; the
            three steps of ``"multistep"`` are those for 100.

    Raises:
        ValueError: any other name.

    Example:
        >>> scheduler = make_scheduler("multistep", optimizer, epochs=100)  # optimizer with rate 0.1
        >>> # after 25 calls of scheduler.step() the rate is 0.01
    """
    raise NotImplementedError("Part 1.2: make_scheduler")
