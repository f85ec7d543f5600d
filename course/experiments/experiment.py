"""What a part's experiment is."""

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
    """Draws its figures by name, from its own record and, for comparisons, from those of other parts."""
    timed: bool = False
    """The handout asks for its times, so that nothing else of the session should run beside it."""

    def drawings(self, records: Records) -> dict[str, Drawing]:
        """Its figures, marked with the profile; whatever they compare is of the same profile."""
        own = records[self.part]
        if not (own.runs or own.values or own.tables):
            return {}
        found = self.draw({part: record for part, record in records.items() if record.profile == own.profile})
        for drawing in found.values():
            mark(drawing.figure, mark_of(own))
        return found
