"""What a part's experiment is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from matplotlib.figure import Figure

from course.experiments.lab import Lab
from course.records import Record

__all__ = ["Drawing", "Experiment", "Records"]

Records = Mapping[str, Record]
"""The records by part that the folder of results holds."""


@dataclass(frozen=True)
class Drawing:
    """A figure of the report."""

    figure: Figure
    caption: str


def _nothing(records: Records) -> dict[str, Drawing]:
    return {}


@dataclass(frozen=True)
class Experiment:
    """One part of the problem set."""

    part: str
    title: str
    run: Callable[[Lab], None]
    draw: Callable[[Records], dict[str, Drawing]] = _nothing
    """its figures by name, from its own record and, for comparisons, from those of other parts"""
