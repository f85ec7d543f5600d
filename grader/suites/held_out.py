"""Held-out test images. They are in ``grader/data/`` of the staff's copy, and are not given to students."""

from __future__ import annotations

import functools

from course.datasets import ImageDataset, Name, read_file
from harness.problem import ProblemError, problem

__all__ = ["FOLDER", "HELD_OUT", "HeldOutError", "held_out"]

FOLDER = problem().held_out
#: Only the staff's copy has a solution.
_SOLUTION = problem().solution
#: The number of images in each file, with equal numbers of all classes.
HELD_OUT = 1000


class HeldOutError(ProblemError):
    """The staff's copy has no held-out images. The text is one sentence."""


@functools.cache
def held_out(name: Name = "cifar10") -> ImageDataset | None:
    """Return 1,000 test images of CIFAR-10 or MNIST that are not in ``fixtures/``; None in the students' copy.

    Raises:
        HeldOutError: this is the staff's copy, and the images are missing or damaged.
    """
    path = FOLDER / f"{name}_test.npz"
    if not path.is_file() and not _SOLUTION.is_dir():
        return None
    again = "make them again: python grader/data/make.py"
    try:
        data = read_file(path, name)
    except Exception as error:  # a damaged archive may raise anything
        raise HeldOutError(f"The held-out images in {path} can't be read ({error}); {again}.") from error
    if data.labels.bincount(minlength=10).tolist() != [HELD_OUT // 10] * 10:
        raise HeldOutError(f"{path} holds {len(data):,} images, expected 100 of each class; {again}.")
    return data
