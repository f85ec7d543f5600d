"""How much of each experiment runs: ``quick`` for a laptop, ``full`` for all that the handout asks for."""

from __future__ import annotations

from dataclasses import dataclass

from course.datasets import Source
from course.records import Record

__all__ = ["PROFILES", "Profile", "mark_of"]


@dataclass(frozen=True)
class Profile:
    """The amount of data and training in every run. All other settings are the handout's."""

    name: str
    source: Source
    """The source of the images: the subset in ``fixtures/``, or complete data sets."""
    batch_size: int
    halved: bool
    """True halves the images of parts 1, 3 and 6, for tests of this software."""
    short: int
    """The number of epochs where the handout has 5."""
    long: int
    """The number of epochs where the handout has 100."""
    training: int | None
    """The number of training images, counted from the first; None uses all."""
    timing: int
    """The number of epochs for which part 6.2 compares the two depthwise layers."""
    test: int | None = None
    """The number of test images, for tests of this software; None uses all."""

    @property
    def lapse(self) -> int:
        """The number of the handout's 100 epochs that each epoch of a long run stands for.

        With a lapse of 10, the scheduler takes ten steps an epoch, and the pruning step of epoch 30 comes after 3.
        """
        return 100 // self.long


PROFILES = {
    "full": Profile(
        name="full", source="complete", batch_size=128, halved=False, short=5, long=100, training=None, timing=3
    ),
    # With 640 images all parts take six minutes on two cores. Batches of 128 would leave 5 steps an epoch, too few to
    # learn anything. Images keep their size, because a student's network may depend on it.
    "quick": Profile(
        name="quick", source="fixtures", batch_size=32, halved=False, short=3, long=10, training=640, timing=2
    ),
}


def mark_of(record: Record) -> str:
    """Return the line below a figure's title that names the profile; an empty one in the full profile."""
    if record.profile == "full":
        return ""
    images = f"{record.data.training:,} training images, " if record.data is not None and record.runs else ""
    return f"{record.profile} profile: {images}not the handout's run"
