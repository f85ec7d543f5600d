"""Draw the pictures of tests as PNG: heat maps, histograms and bars."""

from __future__ import annotations

import io
import math
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from harness.gradebook import Panel, Picture
from harness.reports.text import plain

__all__ = ["draw"]

ON, OFF = "#3b6ea8", "#d9822b"


def draw(picture: Picture) -> bytes:
    """Draw a picture as PNG, with its panels side by side."""
    style: Any = {"font.size": 8, "axes.titlesize": 9, "axes.spines.top": False, "axes.spines.right": False}
    with matplotlib.rc_context(style):
        columns = len(picture.panels)
        figure = Figure(figsize=(max(3.4 * columns, 4), 2.6), dpi=150, layout="constrained")
        for axes, panel in zip(np.atleast_1d(figure.subplots(1, columns)), picture.panels, strict=True):
            DRAW[picture.kind](axes, panel)
            axes.set_title(plain(panel.title))
            axes.set_xlabel(picture.x)
        np.atleast_1d(np.asarray(figure.axes))[0].set_ylabel(picture.y)
        file = io.BytesIO()
        figure.savefig(file, format="png")
    return file.getvalue()


def _heat_map(axes: Any, panel: Panel) -> None:
    values = np.nan_to_num(np.asarray(panel.values, dtype=np.float64), posinf=0, neginf=0)
    bound = max(float(np.abs(values).max(initial=0)), 1e-9)
    axes.imshow(values, aspect="auto", cmap="RdBu_r", vmin=-bound, vmax=bound, interpolation="nearest")


def _histogram(axes: Any, panel: Panel) -> None:
    values = [value for value in panel.values[0] if math.isfinite(value)]
    axes.hist(values, bins=40, color=ON)


def _bars(axes: Any, panel: Panel) -> None:
    values = panel.values[0]
    colors = [OFF if mark else ON for mark in panel.marked or [False] * len(values)]
    axes.bar(range(len(values)), values, color=colors, width=0.9)


DRAW = {"heat maps": _heat_map, "histograms": _histogram, "bars": _bars}
