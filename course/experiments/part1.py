"""Part 1: three learning rates for 5 epochs, and two schedules for 100."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import torch

from course.experiments.experiment import Drawing, Experiment, Records
from course.experiments.lab import Lab, Network
from course.experiments.student_code import StudentCodeError
from course.models import ConvNet
from course.plotting import learning_curves
from course.trainer import Diverged

__all__ = ["EXPERIMENTS", "constant_rate", "scheduler_by"]

SCHEDULES = {"multistep": "MultiStepLR", "cosine_annealing": "CosineAnnealingLR"}


def constant_rate(optimizer: torch.optim.Optimizer) -> torch.optim.lr_scheduler.LRScheduler:
    """Return a scheduler that keeps the rate the same in every epoch."""
    return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 1.0)


def rates_of(lab: Lab) -> list[float]:
    """Return LEARNING_RATES as numbers.

    Raises:
        NotImplementedYet: the constant is not set.
        StudentCodeError: it is not a list of positive numbers.
    """
    given = lab.code.constant("training", "LEARNING_RATES")
    try:
        rates = [float(rate) for rate in given]  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        rates = []
    if not rates or not all(0 < rate < math.inf for rate in rates):
        raise StudentCodeError(f"LEARNING_RATES in training.py is {given!r}, expected a list of positive numbers")
    return rates


def best_rate_of(lab: Lab) -> float:
    """Return BEST_LEARNING_RATE as a number.

    Raises:
        NotImplementedYet: the constant is not set.
        StudentCodeError: it is not a positive number.
    """
    given = lab.code.constant("training", "BEST_LEARNING_RATE")
    if not isinstance(given, int | float) or not 0 < given < math.inf:
        raise StudentCodeError(f"BEST_LEARNING_RATE in training.py is {given!r}, expected a positive number")
    return float(given)


def sweep(lab: Lab) -> None:
    """Run part 1.1: train ConvNet at each of LEARNING_RATES."""
    rates = rates_of(lab)
    data = lab.cifar10()
    diverged: Diverged | None = None
    for rate in dict.fromkeys(rates):
        recipe = lab.recipe(epochs=lab.profile.short, rate=rate, make_scheduler=constant_rate, schedule="constant")
        try:
            lab.train(Network(f"rate-{rate:g}", f"learning rate {rate:g}", ConvNet, "ConvNet"), recipe, data)
        except Diverged as error:  # the other rates still run
            diverged = diverged or error
    if diverged is not None:
        raise diverged


def draw_sweep(records: Records) -> dict[str, Drawing]:
    runs = records["1.1"].runs
    figure = learning_curves(runs, title="ConvNet on CIFAR-10: three learning rates")
    return {"learning-rates": Drawing(figure, "Training loss and test accuracy at each learning rate (part 1.1).")}


def schedules(lab: Lab) -> None:
    """Run part 1.2: train ConvNet at the best rate with both schedules."""
    rate = best_rate_of(lab)
    make = lab.code.training.make_scheduler
    data = lab.cifar10()
    for name, title in SCHEDULES.items():
        # The quick profile has a lapse of ten, so its schedule also covers 100 epochs.
        make_scheduler = functools.partial(scheduler_by, make, name, lab.profile.long * lab.profile.lapse)
        recipe = lab.recipe(epochs=lab.profile.long, rate=rate, make_scheduler=make_scheduler, schedule=name)
        lab.train(Network(name.replace("_", "-"), title, ConvNet, "ConvNet"), recipe, data)


def scheduler_by(
    make: Callable[..., object], name: str, epochs: int, optimizer: torch.optim.Optimizer
) -> torch.optim.lr_scheduler.LRScheduler:
    """Return the scheduler that a student's ``make_scheduler`` makes.

    Raises:
        StudentCodeError: the returned object is not a scheduler.
    """
    scheduler = make(name, optimizer, epochs)
    if not hasattr(scheduler, "step"):
        raise StudentCodeError(
            f"make_scheduler in training.py returned a {type(scheduler).__name__}, expected a scheduler"
        )
    return scheduler  # type: ignore[return-value]


def draw_schedules(records: Records) -> dict[str, Drawing]:
    runs = records["1.2"].runs
    figure = learning_curves(runs, title="ConvNet on CIFAR-10: two schedules")
    return {"schedules": Drawing(figure, "Training loss and test accuracy with each schedule (part 1.2).")}


EXPERIMENTS = (
    Experiment("1.1", "Learning rates", sweep, draw_sweep),
    Experiment("1.2", "Learning-rate schedules", schedules, draw_schedules, timed=True),
)
