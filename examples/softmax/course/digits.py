"""Handwritten digits: 300 to train a classifier with and 200 to measure it with, as many of each."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

__all__ = ["FIXTURES", "Split", "load"]

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"

Split = Literal["train", "test"]


def load(split: Split) -> tuple[Tensor, Tensor]:
    """The digits of one split.

    Returns:
        Images (N, 1, 28, 28) float32 in [0, 1], and the labels (N,) int64 from 0 to 9, in an order that was drawn.

    Raises:
        ValueError: another split than train or test.
    """
    if split not in ("train", "test"):
        raise ValueError(f"no split {split!r}: choose train or test")
    with np.load(FIXTURES / "digits.npz", allow_pickle=False) as archive:
        images, labels = archive[f"{split}_images"], archive[f"{split}_labels"]
    return torch.from_numpy(images).unsqueeze(1).float() / 255, torch.from_numpy(labels).long()
