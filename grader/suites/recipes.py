"""The handout's recipes for the runs of parts 1, 3, 4 and 6."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from course.checkpoints import Architecture
from course.experiments.profiles import Profile
from course.records import Settings

__all__ = [
    "CONVNET_5",
    "CONVNET_100",
    "DWCONVNET_3",
    "FAST_5",
    "FINE_TUNED_1",
    "SLOW_5",
    "SMALLER_100",
    "Band",
    "Expected",
    "constant",
    "cosine",
    "multistep",
]

Schedule = Callable[[float], float]
"""A function from the number of finished epochs, of 100, to the factor of the first epoch's rate."""


def constant(epoch: float) -> float:
    """Return 1, the factor of a constant rate."""
    return 1.0


def multistep(epoch: float) -> float:
    """Return the factor of a rate that is divided by 10 after epochs 25, 50 and 75 (handout, part 1.2)."""
    return 0.1 ** math.floor(epoch / 25)


def cosine(epoch: float) -> float:
    """Return the factor of half a cosine that reaches 0 after 100 epochs (handout, part 1.2)."""
    return (1 + math.cos(math.pi * epoch / 100)) / 2


@dataclass(frozen=True)
class Band:
    """The test accuracies in [0, 1] that a recipe can reach. The measured ones are in docs/experiments.md."""

    floor: float
    ceiling: float = 1.0


ANY = Band(0.0)
#: Five epochs at 0.1 without a schedule reached 63.5, 70.1, 71.1 and 72.2 %. The ceiling is their mean and 3.5 of their
#: standard deviations. The recipe of fixtures/, whose rate falls, has 76.4 % after five epochs and 82.0 % after six.
CONVNET_5 = Band(0.45, 0.83)
#: Five epochs at 0.0001 reached 36.5 %, twice. The ceiling is below what five epochs at 0.1 reach.
SLOW_5 = Band(0.2, 0.6)
#: Five epochs at 1.0 reached 28.3 and 22.9 %, and may stay at chance.
FAST_5 = Band(0.0, 0.6)
#: 100 epochs of ConvNet reached 91.8 and 92.6 %. Seven epochs of a shorter recipe reach 85.0 % (fixtures/README.md).
#: Only networks with many more weights and better recipes reach 96 %.
CONVNET_100 = Band(0.85, 0.96)
#: 100 epochs of a pruned ConvNet or of DWConvNet reached 88.9 to 92.0 %.
SMALLER_100 = Band(0.80, 0.95)
#: Three epochs of DWConvNet with Adam reached 71.4 and 72.2 %; a hundred reached 88.9 %.
DWCONVNET_3 = Band(0.3, 0.85)
#: One epoch of fine-tuning. A network that recognises only 10 %, which is chance, was not trained.
FINE_TUNED_1 = Band(0.2)


@dataclass(frozen=True)
class Expected:
    """The handout's recipe for a run."""

    long: int
    """The number of epochs in the handout: 100, 5, 3 or 1."""
    rate: float
    architecture: Architecture = "ConvNet"
    schedule: str = "constant"
    factor: Schedule = constant
    adam: bool = False
    augment: bool = True
    band: Band = ANY
    """The test accuracies that are plausible in the full profile."""

    def settings(self, profile: Profile, found: Settings) -> Settings:
        """Return the settings that this run has in a profile. The precision is free, so it is that of ``found``."""
        epochs = {5: profile.short, 100: profile.long, 3: profile.timing}.get(self.long, self.long)
        return Settings(
            epochs=epochs,
            batch_size=profile.batch_size,
            optimizer="adam" if self.adam else "sgd",
            rate=self.rate,
            momentum=0.0 if self.adam else 0.9,
            weight_decay=0.0 if self.adam else 5e-4,
            schedule=self.schedule,
            lapse=profile.lapse if self.long == 100 else 1,
            augment=self.augment,
            precision=found.precision,
        )
