"""Measure how long training steps take on this machine, and which precision is faster."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from course.trainer import Precision, Training, evaluate

__all__ = ["EpochTime", "epoch_time", "faster_precision", "has_bfloat16", "step_seconds"]

#: The number of timed steps for each precision. An untimed first step lets libraries choose their algorithms.
TIMED_STEPS = 2
#: bfloat16 has to be faster by this factor. So a machine on which both are about equal always chooses float32.
MARGIN = 1.15


@dataclass(frozen=True)
class EpochTime:
    """The time of an epoch, extrapolated from a few of its steps."""

    steps: float
    """Seconds of the training steps."""
    evaluation: float
    """Seconds of the evaluation after them."""

    @property
    def seconds(self) -> float:
        """Seconds of the whole epoch."""
        return self.steps + self.evaluation


def step_seconds(training: Training, steps: int, clock: Callable[[], float] = time.perf_counter) -> list[float]:
    """Return the seconds of each of ``steps`` training steps, after an untimed first one. They train the network."""
    size = training.recipe.batch_size
    times: list[float] = []

    def note_time(seen: int, loss: Tensor) -> None:
        float(loss)  # waits for the GPU
        times.append(clock())

    while len(times) < steps + 1:
        count = min((steps + 1 - len(times)) * size, len(training.training))
        training.stepper.epoch(training.training.take(count), training.generator, training.recipe.rate, note_time)
    return [after - before for before, after in itertools.pairwise(times)]


def epoch_time(training: Training, images: int, test_images: int, steps: int = 3) -> EpochTime:
    """Extrapolate the time of an epoch from the median of a few steps and an evaluation of at most 1,000 images.

    The steps train the network.

    Args:
        images: the number of training images in the epoch.
        test_images: the number of test images in its evaluation.
        steps: the number of timed steps.
    """
    step = statistics.median(step_seconds(training, steps))
    test = training.test.take(min(1000, len(training.test)))
    if test.images.is_cuda:
        evaluate(training.model, test)  # an untimed evaluation, in which libraries choose their algorithms
    started = time.perf_counter()
    evaluate(training.model, test)
    evaluation = (time.perf_counter() - started) * test_images / len(test)
    return EpochTime(step * images / training.recipe.batch_size, evaluation)


def has_bfloat16() -> bool:
    """Say whether the processor reports instructions for products of bfloat16."""
    try:  # PyTorch 2.8 doesn't have this function yet
        return any("bf16" in name and bool(there) for name, there in torch.cpu.get_capabilities().items())
    except AttributeError:
        pass
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return False
    flags = next((line.partition(":")[2] for line in lines if line.startswith(("flags", "Features"))), "")
    return any("bf16" in flag for flag in flags.split())


def faster_precision(
    begin: Callable[[Precision], Training], clock: Callable[[], float] = time.perf_counter
) -> Precision:
    """Return the precision in which this processor runs training steps faster.

    Args:
        begin: makes a new training in a precision. Its first steps are timed.
    """
    seconds = {name: min(step_seconds(begin(name), TIMED_STEPS, clock)) for name in _PRECISIONS}
    return "bfloat16" if seconds["float32"] >= MARGIN * seconds["bfloat16"] else "float32"


_PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")
