"""The figures that the handout asks for: pure functions from records to matplotlib figures.

They are made without pyplot, so no display is needed and nothing is left behind. Colours are Okabe and Ito's, which
readers with any colour vision tell apart; line styles, markers and hatches differ too, for grey print. Text has 7
points where a figure is printed 12 cm wide.
"""

from __future__ import annotations

import math
import os
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from course.records import Run
from course.trainer import moving_average

__all__ = [
    "accuracy_spread",
    "bars",
    "encoding",
    "epoch_seconds",
    "histograms",
    "learning_curves",
    "number",
    "save",
    "sparsity_curves",
]

WIDTH = 6.5
"""inches; 12 cm are 73 % of it"""
DPI = 150
FONT = 10.0
SMALL = 9.5
#: Drawn on a logarithmic axis where the largest value is more times the smallest.
LOG_FACTOR = 20
#: A curve of losses has no more points: several times the pixels of its panel.
MAX_POINTS = 1500
#: Up to so many epochs, each has its marker.
FEW = 12

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
    "figure.constrained_layout.h_pad": 0.08,
    "figure.constrained_layout.w_pad": 0.08,
    # Titles may have a $ in them, and no formula is meant.
    "text.parse_math": False,
    "pdf.fonttype": 42,
}
GREY = "#666666"


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


def _looks(count: int) -> list[Look]:
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


def learning_curves(runs: Sequence[Run], *, title: str, marks: Sequence[int] = (), mark_label: str = "") -> Figure:
    """Training loss and test accuracy against the epoch, side by side (parts 1.1, 1.2, 3.2, 3.3, 3.4, 4.2, 6.2).

    The loss is a mean over the last n steps, drawn where the last of them is: n is 100, less where a run is short, and
    the same for all runs. It has a logarithmic axis where it spans more than a factor of 20. Accuracies are in %,
    and the legend has the last ones. Unfinished runs are drawn as far as they got; runs without an epoch are left out.

    Args:
        marks: epochs with a thin vertical line, those with a pruning step for example.
        mark_label: what the lines are, for the legend.
    """
    runs = [run for run in runs if run.accuracies]
    with _figure(title, height=3.4) as figure:
        left, right = figure.subplots(1, 2)
        if not runs:
            return _without_epochs(figure, left, right)
        last = max(len(run.accuracies) for run in runs)
        n = _window(runs)
        lows, highs, handles = [], [], []
        for order, (run, look) in enumerate(zip(runs, _looks(len(runs)), strict=True)):
            epochs = len(run.accuracies)
            style: Any = {"color": look.color, "linestyle": look.line, "marker": look.marker, "zorder": 3 + order / 50}
            means = moving_average(run.losses, n)
            steps = np.arange(n, n + len(means)) * epochs / max(len(run.losses), 1)
            if len(means):
                chosen = np.unique(np.linspace(0, len(means) - 1, min(len(means), MAX_POINTS)).round().astype(int))
                left.plot(
                    steps[chosen],
                    means[chosen],
                    markevery=_every(len(chosen), order, len(runs), epochs / last),
                    **style,
                )
                lows.append(means.min())
                highs.append(means.max())
            every = 1 if epochs <= FEW else _every(epochs, order, len(runs), epochs / last)
            # Single points of one place would hide each other.
            shift = 0.04 * (order - (len(runs) - 1) / 2) if last == 1 else 0
            right.plot(np.arange(1, epochs + 1) + shift, np.multiply(run.accuracies, 100), markevery=every, **style)
            handles.append(Line2D([], [], label=f"{_with_progress(run)}: {100 * run.accuracies[-1]:.2f} %", **style))
        left.set_ylabel("Training loss" + (f", mean of {n} steps" if n > 1 else ""))
        if lows and min(lows) > 0 and max(highs) > LOG_FACTOR * min(lows):
            _log(left.yaxis, min(lows), max(highs))
        else:
            left.set_ylim(bottom=max(0, left.get_ylim()[0]))
        right.set_ylabel("Test accuracy (%)")
        _percent(right)
        _epochs(left, 0, last)
        _epochs(right, 0.7 if last <= 2 * FEW else 0, last)
        shown = [mark for mark in marks if mark <= last]
        for axes in (left, right):
            for mark in shown:
                axes.axvline(mark, color=GREY, linewidth=0.8, linestyle=(0, (2, 2)), zorder=1)
        if shown and mark_label:
            handles.append(Line2D([], [], color=GREY, linewidth=0.8, linestyle=(0, (2, 2)), label=mark_label))
        _legend(figure, handles)
    return figure


def sparsity_curves(runs: Sequence[Run], *, totals: Sequence[int], title: str) -> Figure:
    """Share of the convolutions' weights that are 0, in % (parts 3.3, 3.4).

    Left: against the epoch, for the whole network (bold) and for each convolution (thin). Right: of each convolution
    after the last epoch.

    Args:
        runs: those without ``zeros`` are left out.
        totals: (convolutions,) number of weights of each.

    Raises:
        ValueError: a run's zeros aren't of so many convolutions.
    """
    runs = [run for run in runs if run.zeros]
    with _figure(title, height=3.1) as figure:
        left, right = figure.subplots(1, 2, sharey=True)
        if not runs:
            return _without_epochs(figure, left, right)
        layers = np.arange(1, len(totals) + 1)
        width = 0.8 / len(runs)
        handles: list[Any] = []
        for order, (run, look) in enumerate(zip(runs, _looks(len(runs)), strict=True)):
            zeros = np.asarray(run.zeros, dtype=np.float64)
            if zeros.ndim != 2 or zeros.shape[1] != len(totals):
                raise ValueError(f"run {run.name}: zeros of {zeros.shape[-1]} convolutions, totals of {len(totals)}")
            epochs = np.arange(1, len(zeros) + 1)
            shares = 100 * zeros / np.maximum(totals, 1)
            whole = 100 * zeros.sum(axis=1) / max(sum(totals), 1)
            bold: Any = {"color": look.color, "linestyle": look.line, "linewidth": 2.4, "marker": look.marker}
            left.step(epochs, shares, where="post", color=look.color, linewidth=0.7, alpha=0.5)
            every = 1 if len(epochs) <= FEW else _every(len(epochs), order, len(runs))
            left.step(epochs, whole, where="post", markevery=every, zorder=3, **bold)
            right.bar(
                layers + width * (order + 0.5) - 0.4,
                shares[-1],
                width,
                color=look.color,
                hatch=look.hatch,
                edgecolor="w",
            )
            handles.append(Line2D([], [], label=_with_progress(run), **bold))
        handles.append(Line2D([], [], color=GREY, linewidth=0.7, label="single convolutions"))
        left.set_ylabel("Weights that are 0 (%)")
        left.set_ylim(0, max(left.get_ylim()[1], 10))
        _epochs(left, 0 if max(len(run.zeros) for run in runs) > FEW else 0.7, max(len(run.zeros) for run in runs))
        right.set_title("after the last epoch")
        right.set_xlabel("Convolution")
        right.set_xticks(layers if len(layers) <= FEW else layers[:: math.ceil(len(layers) / FEW)])
        right.grid(visible=False, axis="x")
        _legend(figure, handles)
    return figure


def epoch_seconds(runs: Sequence[Run], *, title: str) -> Figure:
    """Seconds that each epoch took, its evaluation included, and how the medians compare (part 6.2).

    The axis is logarithmic where the times span more than a factor of 20. Medians, since a first epoch warms up.
    """
    runs = [run for run in runs if run.seconds]
    with _figure(title, height=2.9) as figure:
        axes = figure.subplots()
        if not runs:
            return _without_epochs(figure, axes)
        last = max(len(run.seconds) for run in runs)
        medians = [median(run.seconds) for run in runs]
        handles = []
        for order, (run, look) in enumerate(zip(runs, _looks(len(runs)), strict=True)):
            style: Any = {"color": look.color, "linestyle": look.line, "marker": look.marker}
            every = 1 if last <= FEW else _every(len(run.seconds), order, len(runs))
            axes.plot(range(1, len(run.seconds) + 1), run.seconds, markevery=every, **style)
            label = f"{_with_progress(run)}: median {number(float(medians[order]))} s"
            handles.append(Line2D([], [], label=label, **style))
        axes.set_ylabel("Seconds an epoch")
        lows, highs = [min(run.seconds) for run in runs], [max(run.seconds) for run in runs]
        if min(lows) > 0 and max(highs) > LOG_FACTOR * min(lows):
            _log(axes.yaxis, min(lows), max(highs))
        else:
            axes.set_ylim(bottom=0)
            axes.yaxis.set_major_formatter(_NUMBERS)
        _epochs(axes, 0.7 if last <= 2 * FEW else 0, last)
        slow, fast = medians.index(max(medians)), medians.index(min(medians))
        if slow != fast and medians[fast] > 0:
            ratio = number(float(f"{medians[slow] / medians[fast]:.3g}"))
            text = f"{runs[slow].title} takes {ratio} times as long as {runs[fast].title} (medians)"
            axes.set_title(textwrap.fill(text, 80))
        _legend(figure, handles)
    return figure


def accuracy_spread(
    groups: Mapping[str, Sequence[float]],
    *,
    title: str,
    baseline: float | None = None,
    xlabel: str = "",
    baseline_label: str = "full precision",
) -> Figure:
    """Accuracies of several groups, with their numbers in % (parts 2.2, 2.3).

    A single value has a marker. Several repetitions are all drawn, lightly, next to their mean and standard deviation
    (of a sample, with n − 1).

    Args:
        groups: name → accuracies in [0, 1].
        baseline: the accuracy that all are compared with, in [0, 1]: a horizontal line.

    Raises:
        ValueError: a value outside [0, 1].
    """
    checked = [value for values in groups.values() for value in values] + ([] if baseline is None else [baseline])
    if not all(0 <= value <= 1 for value in checked):
        raise ValueError("accuracies are in [0, 1], of which the figure makes %")
    groups = {name: values for name, values in groups.items() if len(values)}
    with _figure(title, height=3.1) as figure:
        axes = figure.subplots()
        if not groups:
            return _without_epochs(figure, axes, text="nothing was measured")
        handles = []
        several = max(map(len, groups.values())) > 1
        for place, values in enumerate(groups.values()):
            points = 100 * np.asarray(values, dtype=np.float64)
            mean, top = points.mean(), points.max()
            if len(points) == 1:
                text = f"{mean:.2f}"
                axes.plot(place, mean, "o", color=COLORS[0], markersize=7)
            else:
                deviation = points.std(ddof=1)
                text, top = f"{mean:.2f} ± {deviation:.2f}", max(top, mean + deviation)
                across = place - 0.1 + np.linspace(-0.1, 0.1, len(points))
                axes.plot(across, points, "o", color=COLORS[1], markersize=4, alpha=0.6, markeredgewidth=0)
                axes.errorbar(place + 0.1, mean, deviation, fmt="D", color=COLORS[0], capsize=4, markersize=6)
            box: Any = {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}
            axes.annotate(
                text, (place, top), (0, 7), textcoords="offset points", ha="center", va="bottom", zorder=4, bbox=box
            )
        if several:
            handles += [
                Line2D([], [], color=COLORS[1], linestyle="", marker="o", markersize=4, label="one repetition"),
                Line2D([], [], color=COLORS[0], linestyle="", marker="D", label="mean ± standard deviation"),
            ]
        if baseline is not None:
            line: Any = {"color": "black", "linestyle": "--", "linewidth": 1}
            axes.axhline(100 * baseline, zorder=1, **line)
            handles.append(Line2D([], [], label=f"{baseline_label}: {100 * baseline:.2f} %", **line))
        axes.set_ylabel("Test accuracy (%)")
        _percent(axes, above=0.14)
        axes.set_xlabel(xlabel)
        axes.set_xlim(-0.6, len(groups) - 0.4)
        axes.set_xticks(range(len(groups)), [textwrap.fill(name, max(8, 64 // len(groups))) for name in groups])
        axes.grid(visible=False, axis="x")
        _legend(figure, handles)
    return figure


def histograms(groups: Mapping[str, np.ndarray], *, title: str, xlabel: str, log: bool = True) -> Figure:
    """How values are distributed, as shares in % of each group, over bins that all groups share (part 2.1).

    Args:
        groups: name → numbers, of any shape; what isn't finite is left out, and the legend says how many that are.
        xlabel: what the values are, with their unit.
        log: whether the shares have a logarithmic axis.
    """
    flat = {name: np.asarray(values, dtype=np.float64).ravel() for name, values in groups.items()}
    finite = {name: values[np.isfinite(values)] for name, values in flat.items()}
    with _figure(title, height=3.1) as figure:
        axes = figure.subplots()
        if not any(map(len, finite.values())):
            return _without_epochs(figure, axes, text="there are no values")
        low = min(values.min() for values in finite.values() if len(values))
        high = max(values.max() for values in finite.values() if len(values))
        edges = np.histogram_bin_edges([], bins=40, range=(low, high))
        handles, shares = [], []
        for (name, values), look in zip(finite.items(), _looks(len(finite)), strict=True):
            left_out = len(flat[name]) - len(values)
            label = f"{name} ({len(values):,} values{f', {left_out:,} not finite' if left_out else ''})"
            handles.append(Line2D([], [], color=look.color, linestyle=look.line, label=label))
            if len(values):
                share = 100 * np.histogram(values, edges)[0] / len(values)
                shares.append(share)
                axes.stairs(share, edges, color=look.color, linestyle=look.line, linewidth=1.4, baseline=None)
        axes.set_xlabel(xlabel)
        axes.set_ylabel("Share of the values (%)")
        if log:
            positive = np.concatenate(shares)
            _log(axes.yaxis, positive[positive > 0].min(), positive.max())
        else:
            axes.set_ylim(bottom=0)
        _legend(figure, handles)
    return figure


def encoding(values: np.ndarray, *, title: str) -> Figure:
    """The positional encoding as a heat map (part 5.1): all positions, and the first ones enlarged.

    Args:
        values: (length, depth), in [−1, 1].
    """
    values = np.asarray(values, dtype=np.float64)
    length, depth = values.shape
    first = min(length, 64)
    # So many that pixels have no less: where a picture is made of every sixth position, the fast waves look slow.
    together = math.ceil(length / 512)
    starts = np.arange(0, length, together)
    means = np.add.reduceat(values, starts) / np.diff(starts, append=length)[:, None]
    with _figure(title, height=4.6) as figure:
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
        for axes, shown, drawn in ((left, length, means), (right, first, values[:first])):
            # An image, and no mesh of half a million cells: the PDF stays small.
            image = axes.imshow(
                drawn.T,
                cmap="coolwarm",
                vmin=-1,
                vmax=1,
                aspect="auto",
                origin="lower",
                extent=(-0.5, shown - 0.5, -0.5, depth - 0.5),
                interpolation="none",
            )
            axes.grid(visible=False)
            axes.set_xlabel("Position")
            axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
        left.set_ylabel("Depth")
        left.set_title(f"all {length:,} positions" + (f" (means of {together})" if together > 1 else ""))
        right.set_title(f"the first {first}")
        figure.colorbar(image, ax=[left, right], label="Encoding", ticks=[-1, -0.5, 0, 0.5, 1], aspect=30)
    return figure


def bars(
    labels: Sequence[str], groups: Mapping[str, Sequence[float]], *, title: str, ylabel: str, log: bool = False
) -> Figure:
    """Grouped bars with their numbers, one row of bars for each label (parts 3.1, 4.1, 6.1).

    The bars lie, so that long names and numbers have room.

    Args:
        groups: name → (labels,) values, 0 or larger.
        ylabel: what the values are, with their unit.

    Raises:
        ValueError: a group has another number of values than there are labels.
    """
    for name, values in groups.items():
        if len(values) != len(labels):
            raise ValueError(f"{name}: {len(values)} values for {len(labels)} labels")
    count = len(groups)
    names = ["\n".join(textwrap.shorten(line, 40, placeholder="…") for line in label.split("\n")) for label in labels]
    lines = max((name.count("\n") + 1 for name in names), default=1)
    with _figure(title, height=0.9 + len(labels) * max(0.13 + 0.17 * lines, 0.1 + 0.19 * count)) as figure:
        axes = figure.subplots()
        if not count or not labels:
            return _without_epochs(figure, axes, text="there are no values")
        width = 0.82 / count
        places = np.arange(len(labels))
        handles = []
        heights = np.asarray(list(groups.values()), dtype=np.float64)
        positive = heights[heights > 0]
        low = 10.0 ** math.floor(math.log10(positive.min()) - 0.1) if log and len(positive) else 0.0
        if low:
            axes.set_xscale("log")
            _log(axes.xaxis, low, positive.max())
        for order, ((name, given), look) in enumerate(zip(groups.items(), _looks(count), strict=True)):
            drawn = axes.barh(
                places + width * (order + 0.5) - 0.41,
                np.maximum(given, low),
                0.94 * width,
                left=0,
                color=look.color,
                hatch=look.hatch,
                edgecolor="white",
                linewidth=0,
            )
            axes.bar_label(drawn, [number(value) for value in given], padding=3, fontsize=SMALL)
            handles.append(Patch(facecolor=look.color, hatch=look.hatch, edgecolor="white", label=name))
        most = float(positive.max()) if len(positive) else 1.0
        axes.set_xlim(low, low * (most / low) ** 1.22 if low else 1.18 * most)
        axes.set_yticks(places, names)
        axes.set_ylim(len(labels) - 0.45, -0.55)
        axes.tick_params(axis="y", length=0)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel(ylabel)
        if not low:
            axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
            axes.xaxis.set_major_formatter(_NUMBERS)
        if count > 1:
            _legend(figure, handles)
    return figure


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


@contextmanager
def _style() -> Iterator[None]:
    """Matplotlib's defaults and ours, whatever a user's matplotlibrc says; as before afterwards."""
    with matplotlib.style.context(["default", STYLE]):
        yield


@contextmanager
def _figure(title: str, height: float) -> Iterator[Figure]:
    with _style():
        figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout="constrained")
        FigureCanvasAgg(figure)
        if title:
            lines = textwrap.wrap(title, 68)
            figure.suptitle("\n".join(lines))
            figure.set_figheight(height + 0.18 * (len(lines) - 1))
        yield figure
        for axes in figure.axes:  # ticks are made when they are drawn, with whatever style there is then
            axes.tick_params(labelsize=SMALL)


def _without_epochs(figure: Figure, *panels: Axes, text: str = "no epoch is finished yet") -> Figure:
    for axes in panels:
        axes.set_axis_off()
    figure.text(0.5, 0.5, text, ha="center", va="center", color=GREY)
    return figure


def _window(runs: Sequence[Run]) -> int:
    """How many steps a mean is of: a tenth of the shortest run as it is planned, and 100 at most."""
    planned = min(len(run.losses) * max(run.settings.epochs / len(run.accuracies), 1) for run in runs)
    shortest = min(len(run.losses) for run in runs)
    return max((n for n in (1, 2, 5, 10, 20, 50, 100) if n <= min(planned / 10, shortest)), default=1)


def _every(points: int, order: int, count: int, share: float = 1.0) -> tuple[int, int]:
    """Where a long line has its markers: not where the others have theirs, and eight on the whole width of the axes.

    Args:
        share: of the width, which this line has.
    """
    step = max(round(points / max(8 * share, 1)), 1)
    return step * order // count, step


def _with_progress(run: Run) -> str:
    done = len(run.accuracies)
    return run.title if done >= run.settings.epochs else f"{run.title} ({done} of {run.settings.epochs} epochs)"


def _epochs(axes: Axes, first: float, last: int) -> None:
    axes.set_xlabel("Epoch")
    axes.set_xlim(first, last + max(0.02 * last, 0.3 if first else 0.1))
    if last <= FEW:
        axes.set_xticks(range(math.ceil(first), last + 1))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 2.5, 5, 10]))


class _Percent(MaxNLocator):
    """No tick beyond 100 %: only labels are there."""

    def tick_values(self, vmin: float, vmax: float) -> Any:
        ticks = np.asarray(super().tick_values(vmin, vmax))
        return ticks[ticks < 100.001]


def _percent(axes: Axes, above: float = 0.04) -> None:
    """Limits of two percentage points at least."""
    low, high = axes.dataLim.intervaly
    if high - low < 2:
        low, high = (low + high) / 2 - 1, (low + high) / 2 + 1
    span = high - low
    axes.set_ylim(max(low - 0.06 * span, -0.02 * span), high + above * span)
    axes.yaxis.set_major_locator(_Percent(6, steps=[1, 2, 2.5, 5, 10]))


_NUMBERS = FuncFormatter(lambda value, _: number(float(value)))


def _log(axis: Any, low: float, high: float) -> None:
    """A logarithmic axis with plain numbers, more of them where it has few decades."""
    axis.axes.set(**{f"{axis.axis_name}scale": "log"})
    decades = math.log10(high / low)
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < 2.5 else (1,), numticks=12))
    axis.set_major_formatter(_NUMBERS)
    axis.set_minor_locator(NullLocator())


def _legend(figure: Figure, handles: Sequence[Any]) -> None:
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
