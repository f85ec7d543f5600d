"""Observers of a running part, and the messages about progress that they receive."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal, Protocol

import msgspec
from torch import Tensor

from course.records import Run

__all__ = ["NOBODY", "Moment", "Nobody", "Teller", "Watch"]

#: Seconds between two readings of the loss, at least. Each reading makes a GPU wait.
READ_EVERY = 0.5


class Watch(Protocol):
    """An observer: a progress display, another process, or nobody."""

    def part_begins(self, part: str, title: str, *, alone: bool) -> None:
        """A part begins or continues. ``alone``: no other part runs until it ends."""

    def run_begins(self, run: Run, images: int) -> None:
        """A run with ``images`` training images an epoch begins or continues."""

    def step(self, run: Run, seen: int, loss: Tensor) -> None:
        """A step ends. The current epoch has used ``seen`` images, and ``loss`` is still on its device."""

    def epoch_ends(self, run: Run) -> None:
        """An epoch ends, and ``run`` has its numbers."""

    def run_ends(self, run: Run) -> None:
        """A run ends, and ``run`` has its checkpoint."""


class Nobody:
    """A watch that ignores everything."""

    def part_begins(self, part: str, title: str, *, alone: bool) -> None: ...
    def run_begins(self, run: Run, images: int) -> None: ...
    def step(self, run: Run, seen: int, loss: Tensor) -> None: ...
    def epoch_ends(self, run: Run) -> None: ...
    def run_ends(self, run: Run) -> None: ...


NOBODY = Nobody()


class Moment(msgspec.Struct, frozen=True, omit_defaults=True):
    """The progress of a part at one moment. It can be sent to another process."""

    part: str
    what: Literal["part begins", "run begins", "step", "epoch ends", "run ends"]
    title: str = ""
    """The title of the run, or of the part if no run has begun."""
    alone: bool = False
    """True if no other part runs at the same time."""
    epochs: int = 0
    """The number of epochs that are planned."""
    done: int = 0
    """The number of finished epochs."""
    images: int = 0
    """The number of training images in an epoch."""
    seen: int = 0
    """The number of images that the current epoch has used."""
    loss: float | None = None
    """The training loss: that of the last step within an epoch, and the epoch's mean at its end."""
    accuracy: float | None = None
    """The accuracy on the test images after the last epoch."""
    seconds: float = 0.0
    """Seconds that the last epoch took."""


class Teller:
    """A watch that passes each moment to a function.

    Args:
        tell: the function. It should return soon, because training waits for it.
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
