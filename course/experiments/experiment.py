"""The experiment of a part: the function that runs it, and the function that draws its figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from matplotlib.figure import Figure

from course.experiments.lab import Lab
from course.experiments.profiles import mark_of
from course.plotting import mark
from course.records import Record

__all__ = ["Drawing", "Experiment", "Records"]

Records = Mapping[str, Record]
"""The records in the folder of results, by part."""


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
    """Draws the figures, by name, from the part's own record and those of the parts that it is compared with."""
    timed: bool = False
    """True if the handout asks for times, so that no other part should run at the same time."""

    def drawings(self, records: Records) -> dict[str, Drawing]:
        """Return the figures by name, marked with the profile. Only records of the same profile are compared."""
        own = records[self.part]
        if not (own.runs or own.values or own.tables):
            return {}
        found = self.draw({part: record for part, record in records.items() if record.profile == own.profile})
        for drawing in found.values():
            mark(drawing.figure, mark_of(own))
        return found
