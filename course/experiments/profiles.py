"""How much of each experiment is run: ``quick`` for a laptop, ``full`` for the handout's numbers."""

from __future__ import annotations

from dataclasses import dataclass

from course.datasets import Source
from course.records import Record

__all__ = ["PROFILES", "Profile", "mark_of"]


@dataclass(frozen=True)
class Profile:
    """The measure of every run. Recipes are the handout's in both, but for what is named here."""

    name: str
    source: Source
    """The images are the repository's subset, or complete data sets."""
    batch_size: int
    halved: bool
    """The images of parts 1, 3 and 6 have half their size, for tests of this software."""
    short: int
    """The number of epochs where the handout has 5."""
    long: int
    """The number of epochs where the handout has 100."""

    training: int | None
    """Only so many training images are used, the first ones; None: all."""
    timing: int
    """The number of epochs in which the two depthwise layers are compared."""
    test: int | None = None
    """Only so many test images are used, for tests of this software; None: all."""

    @property
    def lapse(self) -> int:
        """Epochs of the handout's 100 that each epoch of a long run stands for.

        A schedule runs through all of its 100 in fewer; a pruning step at epoch 30 is made where it has come to 30.
        """
        return 100 // self.long


PROFILES = {
    "full": Profile(
        name="full", source="complete", batch_size=128, halved=False, short=5, long=100, training=None, timing=3
    ),
    # 640 images, for five minutes on two cores. At the handout's batches of 128 an epoch would be 5 steps, too few to
    # see anything learnt. Images stay whole: a student's network may count on their size.
    "quick": Profile(
        name="quick", source="fixtures", batch_size=32, halved=False, short=3, long=10, training=640, timing=2
    ),
}


def mark_of(record: Record) -> str:
    """What the figures of a record say of its profile: nothing for the handout's own."""
    if record.profile == "full":
        return ""
    images = f"{record.data.training:,} training images, " if record.data is not None and record.runs else ""
    return f"{record.profile} profile: {images}not the handout's run"
