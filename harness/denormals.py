"""Numbers so near to 0 that a processor takes a hundred times as long for them: a way to slow the grader down."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["small_numbers_as_zero"]


@contextmanager
def small_numbers_as_zero() -> Iterator[None]:
    """Compute with 0 instead of denormal numbers in this thread, and afterwards as before."""
    # PyTorch can set this and not say what is set; Python's own numbers follow the same setting of the processor.
    already = sys.float_info.min / 2 == 0.0
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        if not already:
            torch.set_flush_denormal(False)
