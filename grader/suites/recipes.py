"""What the handout says about the runs of part 1, 3, 4 and 6."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from course.checkpoints import Architecture
from course.experiments.profiles import Profile
from course.records import Settings

__all__ = ["Expected", "constant", "cosine", "multistep"]

Schedule = Callable[[float], float]
"""epochs done, of 100 → the factor on the first epoch's rate"""


def constant(epoch: float) -> float:
    """The same rate in every epoch."""
    return 1.0


def multistep(epoch: float) -> float:
    """÷10 after epochs 25, 50 and 75 (handout, part 1.2)."""
    return 0.1 ** math.floor(epoch / 25)


def cosine(epoch: float) -> float:
    """Half a cosine that reaches 0 after 100 epochs (handout, part 1.2)."""
    return (1 + math.cos(math.pi * epoch / 100)) / 2


@dataclass(frozen=True)
class Expected:
    """What the handout says about a run."""

    long: int
    """epochs in the handout: 5 or 100; 1 and 3 for what is shorter"""
    rate: float
    architecture: Architecture = "ConvNet"
    schedule: str = "constant"
    factor: Schedule = constant
    adam: bool = False
    augment: bool = True
    at_least: float = 0.0
    """test accuracy of the full profile that is far below what the recipe reaches"""

    def settings(self, profile: Profile, found: Settings) -> Settings:
        """The settings of this run in a profile; the precision is free."""
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
