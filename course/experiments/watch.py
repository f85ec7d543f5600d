"""Who watches a part while it runs, and what they are told."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal, Protocol

import msgspec
from torch import Tensor

from course.records import Run

__all__ = ["NOBODY", "Moment", "Nobody", "Teller", "Watch"]

#: Reading a loss makes a GPU wait: not more often than this, in seconds.
READ_EVERY = 0.5


class Watch(Protocol):
    """Who looks on: a progress bar, another process, or nobody."""

    def part_begins(self, part: str, title: str, *, alone: bool) -> None:
        """A part begins, or is taken up; ``alone``: no other part runs until it ends."""

    def run_begins(self, run: Run, images: int) -> None:
        """A run of ``images`` an epoch begins, or is taken up."""

    def step(self, run: Run, seen: int, loss: Tensor) -> None:
        """So many images of the current epoch are done."""

    def epoch_ends(self, run: Run) -> None: ...

    def run_ends(self, run: Run) -> None: ...


class Nobody:
    """A watch that doesn't look."""

    def part_begins(self, part: str, title: str, *, alone: bool) -> None: ...
    def run_begins(self, run: Run, images: int) -> None: ...
    def step(self, run: Run, seen: int, loss: Tensor) -> None: ...
    def epoch_ends(self, run: Run) -> None: ...
    def run_ends(self, run: Run) -> None: ...


NOBODY = Nobody()


class Moment(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far a part is at one moment; it can be sent from one process to another."""

    part: str
    what: Literal["part begins", "run begins", "step", "epoch ends", "run ends"]
    title: str = ""
    """The title of the run, or of the part where none has begun."""
    alone: bool = False
    """No other part runs beside this one."""
    epochs: int = 0
    """The number of epochs that the run is to have."""
    done: int = 0
    """The number of epochs that are done."""
    images: int = 0
    """The number of training images in an epoch."""
    seen: int = 0
    """The number of images of the current epoch that are done."""
    loss: float | None = None
    """The training loss: of the last step while an epoch runs, the epoch's mean at its end."""
    accuracy: float | None = None
    """The accuracy on the test images after the last epoch."""
    seconds: float = 0.0
    """Seconds that the last epoch took."""


class Teller:
    """A watch that tells each moment to a function.

    Args:
        tell: is called in the middle of a training, so that it should return soon.
    """

    def __init__(self, tell: Callable[[Moment], object]) -> None:
        self._tell = tell
        self._part = ""
        self._images = 0
        self._read = 0.0

    def part_begins(self, part: str, title: str, *, alone: bool) -> None:
        self._part = part
        self._tell(Moment(part, "part begins", title, alone))

    def run_begins(self, run: Run, images: int) -> None:
        self._images = images
        self._tell(self._moment("run begins", run))

    def step(self, run: Run, seen: int, loss: Tensor) -> None:
        now = time.perf_counter()
        if now - self._read >= READ_EVERY:
            self._read = now
            self._tell(msgspec.structs.replace(self._moment("step", run), seen=seen, loss=float(loss)))

    def epoch_ends(self, run: Run) -> None:
        self._tell(self._moment("epoch ends", run))

    def run_ends(self, run: Run) -> None:
        self._tell(self._moment("run ends", run))

    def _moment(self, what: Literal["run begins", "step", "epoch ends", "run ends"], run: Run) -> Moment:
        done = len(run.accuracies)
        return Moment(
            part=self._part,
            what=what,
            title=run.title,
            epochs=run.settings.epochs,
            done=done,
            images=self._images,
            loss=run.last_loss if done else None,
            accuracy=run.accuracies[-1] if done else None,
            seconds=run.seconds[-1] if done else 0.0,
        )
