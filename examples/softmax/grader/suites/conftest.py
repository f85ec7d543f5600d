"""Fixtures of this problem set. The plugin has those of every suite: student, rng, note, show, measured and fact."""

from __future__ import annotations

import pytest
from torch import Tensor

from course.digits import load


@pytest.fixture(scope="session")
def train_digits() -> tuple[Tensor, Tensor]:
    """300 training images of MNIST, and their labels."""
    return load("train")


@pytest.fixture(scope="session")
def test_digits() -> tuple[Tensor, Tensor]:
    """200 test images of MNIST, and their labels."""
    return load("test")
