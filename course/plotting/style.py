"""What all figures share: their style, their frame, axes with plain numbers, and how they are saved.

Figures are made without pyplot, so no display is needed and nothing is left behind. Colours are Okabe and Ito's, which
readers with any colour vision tell apart; line styles, markers and hatches differ too, for grey print. Text has 7
points where a figure is printed 12 cm wide.
"""

from __future__ import annotations

import math
import os
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

__all__ = [
    "COLORS",
    "GREY",
    "LIGHT",
    "NUMBERS",
    "SMALL",
    "legend_below",
    "log_axis",
    "looks",
    "mark",
    "number",
    "percent_axis",
    "placeholder",
    "save",
    "styled_figure",
]

WIDTH = 6.5
"""The width of a figure in inches; 12 cm are 73 % of it."""
DPI = 150
FONT = 10.0
SMALL = 9.5
NOTE = 8.5
LINE = 0.18
"""The height of a title's line, in inches."""
PAD = 0.08
"""The space between panels and around them, in inches."""

STYLE: dict[str, Any] = {
    "font.size": FONT,
    "axes.titlesize": FONT,
    "axes.labelsize": FONT,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "figure.titlesize": 11.0,
    "figure.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.4,
    "lines.markersize": 5.0,
    "hatch.linewidth": 0.6,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "legend.columnspacing": 1.2,
    "legend.handletextpad": 0.6,
    "figure.constrained_layout.h_pad": PAD,
    "figure.constrained_layout.w_pad": PAD,
    # Titles may have a $ in them, and no formula is meant.
    "text.parse_math": False,
    "pdf.fonttype": 42,
}
GREY = "#666666"
LIGHT = "#999999"


class Look(NamedTuple):
    """How one of several things is drawn."""

    color: str
    line: Any
    marker: str
    hatch: str


#: Okabe and Ito's colours without yellow, too light for a line, in an order whose neighbours differ in luminance.
COLORS = ("#0072B2", "#E69F00", "#000000", "#D55E00", "#56B4E9", "#009E73", "#CC79A7")
LINES = ("-", "--", (0, (1, 1)), "-.", (0, (6, 1, 1, 1, 1, 1)), (0, (3, 1)), (0, (8, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
HATCHES = ("", "////", "....", "\\\\\\\\", "xxxx", "----", "||||")


def looks(count: int) -> list[Look]:
    """Looks that readers tell apart; after seven they begin anew."""
    return list(islice(cycle(map(Look, COLORS, LINES, MARKERS, HATCHES)), count))


def number(value: float) -> str:
    """``1,212,778`` for a whole number, four significant digits for another one: ``0.4207``, ``2.103e-05``."""
    if isinstance(value, int):
        return f"{value:,}"
    if not math.isfinite(value):
        return {math.inf: "∞", -math.inf: "−∞"}.get(value, "no number")
    if value.is_integer() and abs(value) < 1e12:
        return f"{int(value):,}"
    if 1e3 <= abs(value) < 1e6:
        return f"{value:,.0f}"
    return f"{value:.4g}"


@contextmanager
def _style() -> Iterator[None]:
    """Matplotlib's defaults and ours, whatever a user's matplotlibrc says; as before afterwards."""
    with matplotlib.style.context(["default", STYLE]):
        yield


@contextmanager
def styled_figure(title: str, height: float) -> Iterator[Figure]:
    """A figure of the usual width and of this height in inches, which a title of several lines adds to."""
    with _style():
        figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained")
        FigureCanvasAgg(figure)
        if title:
            lines = textwrap.wrap(title, 68)
            figure.suptitle("\n".join(lines))
            figure.set_figheight(height + LINE * (len(lines) - 1))
        yield figure
        for axes in figure.axes:  # ticks are made when they are drawn, with whatever style there is then
            axes.tick_params(labelsize=SMALL)


def mark(figure: Figure, text: str) -> None:
    """Put a small line below the title: what a reader has to know of the figure once it is a file among others."""
    if figure._suptitle is None or not text:  # type: ignore[attr-defined]
        return
    title = figure.get_suptitle()
    lines = title.count("\n") + 1
    figure._suptitle.set_text(f"{title}\n ")  # type: ignore[attr-defined]  # an empty line, which keeps the room
    figure.set_figheight(figure.get_figheight() + LINE)
    with _style():
        top = 1 - (PAD + LINE * lines) / figure.get_figheight()
        figure.text(0.5, top, text, ha="center", va="top", fontsize=NOTE, color=GREY)


def placeholder(figure: Figure, *panels: Axes, text: str = "no epoch is finished yet") -> Figure:
    """The figure with a sentence in the place of its panels."""
    for axes in panels:
        axes.set_axis_off()
    figure.text(0.5, 0.5, text, ha="center", va="center", color=GREY)
    return figure


class _Percent(MaxNLocator):
    """No tick beyond 100 %: only labels are there."""

    def tick_values(self, vmin: float, vmax: float) -> Any:
        ticks = np.asarray(super().tick_values(vmin, vmax))
        return ticks[ticks < 100.001]


def percent_axis(axes: Axes, above: float = 0.04) -> None:
    """Limits of two percentage points at least."""
    low, high = axes.dataLim.intervaly
    if high - low < 2:
        low, high = (low + high) / 2 - 1, (low + high) / 2 + 1
    span = high - low
    axes.set_ylim(max(low - 0.06 * span, -0.02 * span), high + above * span)
    axes.yaxis.set_major_locator(_Percent(6, steps=[1, 2, 2.5, 5, 10]))


NUMBERS = FuncFormatter(lambda value, _: number(float(value)))


def log_axis(axis: Any, low: float, high: float) -> None:
    """A logarithmic axis with plain numbers, more of them where it has few decades."""
    axis.axes.set(**{f"{axis.axis_name}scale": "log"})
    decades = math.log10(high / low)
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 2.5 else (1,), numticks=12))
    axis.set_major_formatter(NUMBERS)
    axis.set_minor_locator(NullLocator())


def legend_below(figure: Figure, handles: Sequence[Any]) -> None:
    """Below the panels, where it hides nothing, in as many columns as there is room for."""
    if not handles:
        return
    for handle in handles:
        handle.set_label(textwrap.fill(handle.get_label(), 80))
    room = 0.97 * figure.get_figwidth() * figure.dpi
    canvas: Any = figure.canvas
    for columns in range(min(len(handles), 4), 0, -1):
        legend = figure.legend(handles=handles, loc="outside lower center", ncols=columns)
        extent = legend.get_window_extent(canvas.get_renderer())
        if columns == 1 or extent.width <= room:
            figure.set_figheight(figure.get_figheight() + extent.height / figure.dpi)
            return
        legend.remove()


def save(figure: Figure, folder: Path, name: str) -> tuple[Path, Path]:
    """Write ``name.png`` (150 dpi) and ``name.pdf``, whole or not at all; equal figures leave equal bytes.

    Returns:
        The paths of both.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / f"{name}.png", folder / f"{name}.pdf"
    unfinished = [path.with_name(f"{path.name}.{os.getpid()}.part") for path in paths]
    try:
        with _style():
            figure.savefig(unfinished[0], format="png", dpi=DPI, metadata={"Software": None})
            nothing = {"CreationDate": None, "Creator": None, "Producer": None}
            figure.savefig(unfinished[1], format="pdf", dpi=DPI, metadata=nothing)
        for source, path in zip(unfinished, paths, strict=True):
            source.replace(path)
    finally:
        for source in unfinished:
            source.unlink(missing_ok=True)
    return paths
