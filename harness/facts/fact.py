"""A measured fact about a submission: what the numbers in a written answer are compared with."""

from __future__ import annotations

import math
from typing import Literal

import msgspec

__all__ = ["Fact", "Source"]

Source = Literal["measured", "record", "verdict"]
"""The origin of a fact: the grader measured it, the experiments' record says it, or a test's verdict states it."""


class Fact(msgspec.Struct, frozen=True):
    """A measured fact, which an answer may mention."""

    question: str
    """The question's id, or the part that it belongs to."""
    name: str
    """The name of the quantity in words, with the numbers that distinguish it: ``test accuracy at learning rate 0.1``.

    Text in brackets says how it was measured, and isn't part of the name: ``… (on 1,000 images)``.
    """
    value: float | str
    """A text is only shown: no number is compared with it."""
    unit: str = ""
    """One of ``%``, ``points``, ``s``, ``B``, ``epochs``, ``×``; empty for counts."""
    source: Source = "record"
    tolerance: float | None = None
    """The difference, in the fact's unit, that an answer may have; None: the rounding of the answer's own digits."""
    also: tuple[str, ...] = ()
    """Other names of the same thing, as students call it. Each is complete: it needs no word of the first."""

    @property
    def shown(self) -> str:
        """The value with its unit, as ``97.5 %`` or ``100,352 B``. A text may be anybody's."""
        if isinstance(self.value, str):
            return self.value
        number = f"{self.value:,.0f}" if abs(self.value) >= 1000 else f"{self.value:.4g}"
        unit = self.unit.removesuffix("s") if self.value == 1 and len(self.unit) > 1 else self.unit
        return f"{number}\u00a0{unit}" if unit else number

    @property
    def is_finite(self) -> bool:
        """Whether value and tolerance are numbers that reports can hold, or the value is a text."""
        return isinstance(self.value, str) or (math.isfinite(self.value) and math.isfinite(self.tolerance or 0.0))
