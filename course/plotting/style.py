"""What all figures share: style, titles and legends, axes with plain numbers, and files.

Figures are made without pyplot, so they need no display and are freed like other objects. The colours are Okabe and
Ito's, which readers with any colour vision can tell apart. Line styles, markers and hatches differ too, for grey print.
Labels have about 7 points if a figure is printed 12 cm wide.
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
    # A $ in a title does not begin a formula.
    "text.parse_math": False,
    "pdf.fonttype": 42,
}
GREY = "#666666"
LIGHT = "#999999"


class Look(NamedTuple):
    """The style of one line, marker or bar among several."""

    color: str
    line: Any
    marker: str
    hatch: str


#: Okabe and Ito's colours in an order whose neighbours differ in luminance; yellow is too light for a line.
COLORS = ("#0072B2", "#E69F00", "#000000", "#D55E00", "#56B4E9", "#009E73", "#CC79A7")
LINES = ("-", "--", (0, (1, 1)), "-.", (0, (6, 1, 1, 1, 1, 1)), (0, (3, 1)), (0, (8, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
HATCHES = ("", "////", "....", "\\\\\\\\", "xxxx", "----", "||||")


def looks(count: int) -> list[Look]:
    """Return ``count`` looks that readers can tell apart; they repeat after seven."""
    return list(islice(cycle(map(Look, COLORS, LINES, MARKERS, HATCHES)), count))


def number(value: float) -> str:
    """Format a number: ``1,212,778`` if it is whole, else four significant digits: ``0.4207``, ``2.103e-05``."""
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
    """Use matplotlib's defaults and this module's style, whatever a user's matplotlibrc says."""
    with matplotlib.style.context(["default", STYLE]):
        yield


@contextmanager
def styled_figure(title: str, height: float) -> Iterator[Figure]:
    """Make a figure of the usual width and this height, in inches. Further lines of the title add to the height."""
    with _style():
        figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained")
        FigureCanvasAgg(figure)
        if title:
            lines = textwrap.wrap(title, 68)
            figure.suptitle("\n".join(lines))
            figure.set_figheight(height + LINE * (len(lines) - 1))
        yield figure
        for axes in figure.axes:  # ticks are made later, outside of this style
            axes.tick_params(labelsize=SMALL)


def mark(figure: Figure, text: str) -> None:
    """Write a small line below the title, such as the profile. It stays with the figure's file."""
    if figure._suptitle is None or not text:  # type: ignore[attr-defined]
        return
    title = figure.get_suptitle()
    lines = title.count("\n") + 1
    figure._suptitle.set_text(f"{title}\n ")  # type: ignore[attr-defined]  # an empty line reserves the space
    figure.set_figheight(figure.get_figheight() + LINE)
    with _style():
        top = 1 - (PAD + LINE * lines) / figure.get_figheight()
        figure.text(0.5, top, text, ha="center", va="top", fontsize=NOTE, color=GREY)


def placeholder(figure: Figure, *panels: Axes, text: str = "no epoch is finished yet") -> Figure:
    """Replace the panels of a figure by a sentence. Return the figure."""
    for axes in panels:
        axes.set_axis_off()
    figure.text(0.5, 0.5, text, ha="center", va="center", color=GREY)
    return figure


class _Percent(MaxNLocator):
    """Places no ticks above 100 %, where there is room for labels only."""

    def tick_values(self, vmin: float, vmax: float) -> Any:
        ticks = np.asarray(super().tick_values(vmin, vmax))
        return ticks[ticks < 100.001]


def percent_axis(axes: Axes, above: float = 0.04) -> None:
    """Set the limits of a percentage axis, which spans at least two points; ``above`` is room for labels."""
    low, high = axes.dataLim.intervaly
    if high - low < 2:
        low, high = (low + high) / 2 - 1, (low + high) / 2 + 1
    span = high - low
    axes.set_ylim(max(low - 0.06 * span, -0.02 * span), high + above * span)
    axes.yaxis.set_major_locator(_Percent(6, steps=[1, 2, 2.5, 5, 10]))


NUMBERS = FuncFormatter(lambda value, _: number(float(value)))


def log_axis(axis: Any, low: float, high: float) -> None:
    """Make an axis logarithmic, with plain numbers as labels. An axis of few decades has more of them."""
    axis.axes.set(**{f"{axis.axis_name}scale": "log"})
    decades = math.log10(high / low)
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 2.5 else (1,), numticks=12))
    axis.set_major_formatter(NUMBERS)
    axis.set_minor_locator(NullLocator())


def legend_below(figure: Figure, handles: Sequence[Any]) -> None:
    """Put the legend below the panels, in as many columns as fit, and make the figure higher."""
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
    """Write ``name.png`` (150 dpi) and ``name.pdf``, whole or not at all. Equal figures give equal bytes.

    Returns:
        The paths of both files.

    Raises:
        OSError: a file can't be written.
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
