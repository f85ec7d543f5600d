"""Figures over epochs, as pure functions from runs to matplotlib figures."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from course.plotting.style import (
    GREY,
    LIGHT,
    NUMBERS,
    Look,
    legend_below,
    log_axis,
    looks,
    number,
    percent_axis,
    placeholder,
    styled_figure,
)
from course.records import Run
from course.trainer import moving_average

__all__ = ["epoch_seconds", "learning_curves", "sparsity_curves"]

#: An axis is logarithmic if the largest value is more than this factor times the smallest.
LOG_FACTOR = 20
#: The most points of a loss curve, several times the pixels of its panel.
MAX_POINTS = 1500
#: Up to this number of epochs, each epoch has its marker.
FEW = 12
#: From this number of epochs on, the last epochs have a panel of their own.
LONG = 50
#: The number of epochs in that panel.
TAIL = 25
MILESTONE: dict[str, Any] = {"color": GREY, "linewidth": 1.0, "linestyle": (0, (1, 1.5))}
PRUNING: dict[str, Any] = {"color": LIGHT, "linewidth": 0.9, "linestyle": (0, (1, 3)), "marker": "v", "markersize": 4}


def learning_curves(runs: Sequence[Run], *, title: str, marks: Sequence[int] = (), mark_label: str = "") -> Figure:
    """Training loss and test accuracy against the epoch (parts 1.1, 1.2, 3.2, 3.3, 3.4, 4.2, 6.2).

    The loss is a moving average over n steps, drawn at the last of them. n is 100, or less if a run is short, and equal
    for all runs. The loss axis is logarithmic if the losses span more than a factor of 20. Accuracies are in %, and the
    legend has the last ones. Unfinished runs are drawn up to their last epoch; runs without an epoch are left out. If
    the learning rate changes, a second row shows it, and the accuracy in the last 25 epochs of long runs.

    Args:
        runs: the runs, with losses for each step and accuracies in [0, 1] for each epoch.
        marks: epochs with a thin vertical line, for example those with a pruning step.
        mark_label: the name of these lines in the legend.
    """
    runs = [run for run in runs if run.accuracies]
    last = max((len(run.accuracies) for run in runs), default=0)
    rows: list[Any] = [["loss", "accuracy"]]
    if changing := any(len(set(run.rates)) > 1 for run in runs):
        rows.append(["rate", "tail" if last >= LONG else "rate"])
    with styled_figure(title, height=3.4 if not changing else 5.6 if last >= LONG else 4.8) as figure:
        panels = figure.subplot_mosaic(rows, height_ratios=[3, 2][: len(rows)])
        if not runs:
            return placeholder(figure, *panels.values())
        curves = [_Curve(run, look, order, len(runs), last) for order, (run, look) in enumerate(_with_looks(runs))]
        _draw_losses(panels["loss"], curves)
        _draw_accuracies(panels["accuracy"], curves)
        if "rate" in panels:
            _draw_rates(panels["rate"], curves)
        if "tail" in panels:
            _draw_tail(panels["tail"], curves)
        steps = [epoch for epoch in marks if epoch <= last]
        milestones = sorted({epoch for run in runs for epoch in _milestones(run)})
        for name, axes in panels.items():
            if name != "tail":
                _epochs(axes, 0 if name != "accuracy" or last > 2 * FEW or curves[0].run.within else 0.7, last)
            _draw_marks(axes, milestones, **MILESTONE)
            _draw_marks(axes, steps if name != "rate" else [], **PRUNING)
        handles = [
            Line2D([], [], label=f"{_with_progress(run)}, last epoch: {100 * run.accuracies[-1]:.2f} %", **curve.style)
            for run, curve in zip(runs, curves, strict=True)
        ]
        if milestones:
            handles.append(Line2D([], [], label=f"the learning rate falls after {_listed(milestones)}", **MILESTONE))
        if steps and mark_label:
            handles.append(Line2D([], [], label=f"{mark_label} after {_listed(steps)}", **PRUNING))
        figure.align_ylabels()
        legend_below(figure, handles)
    return figure


@dataclass
class _Curve:
    """A run of a figure, and the style of its lines in all panels."""

    run: Run
    look: Look
    order: int
    count: int
    last: int
    """The number of epochs of the longest run."""
    style: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.style = {"color": self.look.color, "linestyle": self.look.line, "marker": self.look.marker}
        self.style["zorder"] = 3 + self.order / 50

    def every(self, points: int, share: float | None = None) -> tuple[int, int]:
        """Return ``markevery`` for a line with this number of points."""
        share = len(self.run.accuracies) / self.last if share is None else share
        return _every(points, self.order, self.count, share)


def _draw_losses(axes: Axes, curves: Sequence[_Curve]) -> None:
    n = _window([curve.run for curve in curves])
    lows, highs = [], []
    for curve in curves:
        run = curve.run
        means = moving_average(run.losses, n)
        if not len(means):
            continue
        steps = np.arange(n, n + len(means)) * len(run.accuracies) / len(run.losses)
        chosen = np.unique(np.linspace(0, len(means) - 1, min(len(means), MAX_POINTS)).round().astype(int))
        axes.plot(steps[chosen], means[chosen], markevery=curve.every(len(chosen)), **curve.style)
        lows.append(means.min())
        highs.append(means.max())
    axes.set_ylabel("Training loss" + (f" (mean of {n} steps)" if n > 1 else ""))
    if lows and min(lows) > 0 and max(highs) > LOG_FACTOR * min(lows):
        log_axis(axes.yaxis, min(lows), max(highs))
    else:
        axes.set_ylim(bottom=max(0, axes.get_ylim()[0]))


def _draw_accuracies(axes: Axes, curves: Sequence[_Curve]) -> None:
    for curve in curves:
        epochs = len(curve.run.accuracies)
        points = [*curve.run.within, *enumerate(curve.run.accuracies, start=1)]
        x, y = np.asarray(points, dtype=np.float64).T
        if curve.last == 1 and not curve.run.within:  # points at the same place would hide each other
            x = x + 0.04 * (curve.order - (curve.count - 1) / 2)
        axes.plot(x, 100 * y, markevery=1 if epochs <= FEW else curve.every(len(x)), **curve.style)
    axes.set_ylabel("Test accuracy (%)")
    percent_axis(axes)


def _draw_tail(axes: Axes, curves: Sequence[_Curve]) -> None:
    """Draw the accuracies of the last epochs on an axis of their own."""
    last = curves[0].last
    first = last - TAIL
    for curve in curves:
        values = curve.run.accuracies[first:]
        if values:
            x = np.arange(first + 1, first + 1 + len(values))
            axes.plot(x, np.multiply(values, 100), markevery=curve.every(len(x), len(x) / TAIL), **curve.style)
    axes.set_ylabel("Test accuracy (%)")
    percent_axis(axes)
    axes.set_title(f"Last {TAIL} epochs")
    axes.set_xlabel("Epoch")
    axes.set_xlim(first, last + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))


def _draw_rates(axes: Axes, curves: Sequence[_Curve]) -> None:
    """Draw the learning rate of each epoch. Runs with equal rates share a line."""
    lines: dict[tuple[float, ...], list[_Curve]] = {}
    longest = max((tuple(curve.run.rates) for curve in curves), key=len)
    for curve in curves:
        rates = tuple(curve.run.rates)
        lines.setdefault(longest if rates == longest[: len(rates)] else rates, []).append(curve)
    for rates, among in lines.items():
        style: dict[str, Any] = among[0].style if len(among) == 1 else {"color": GREY, "linewidth": 2.0}
        every = among[0].every(len(rates) + 1, len(rates) / among[0].last)
        axes.step(range(len(rates) + 1), [*rates, *rates[-1:]], where="post", markevery=every, **style)
    axes.set_ylabel("Learning rate")
    shown = [rate for rates in lines for rate in rates if rate > 0]
    if shown and max(shown) > LOG_FACTOR * min(shown):
        log_axis(axes.yaxis, min(shown), max(shown))
        # The axis begins at a whole decade, because only those have labels.
        axes.set_ylim(0.8 * 10 ** math.floor(math.log10(min(shown))), 1.5 * max(shown))
    if len(lines) == 1 and len(curves) > 1:
        axes.set_title("Learning rate (same in all runs)")


def _milestones(run: Run) -> Iterator[int]:
    """Yield the epochs after which a stepwise schedule lowers the rate; nothing for other schedules."""
    if 1 < len(set(run.rates)) <= len(run.rates) / 2:
        for epoch, (before, after) in enumerate(zip(run.rates, run.rates[1:], strict=False), start=1):
            if after < before:
                yield epoch


def _draw_marks(axes: Axes, epochs: Sequence[int], marker: str = "", markersize: float = 0, **line: Any) -> None:
    """Draw a thin vertical line at each of these epochs within the panel, with its marker at the top."""
    low, high = axes.get_xlim()
    for epoch in epochs:
        if low <= epoch <= high:
            axes.axvline(epoch, zorder=1, **line)
            if marker:
                at: Any = {"transform": axes.get_xaxis_transform(), "clip_on": False, "zorder": 4}
                axes.plot([epoch], [1.0], marker=marker, markersize=markersize, color=line["color"], **at)


def _listed(epochs: Sequence[int]) -> str:
    """List epochs as ``epoch 5`` or ``epochs 25, 50 and 75``."""
    *others, last = map(str, epochs)
    return f"epochs {', '.join(others)} and {last}" if others else f"epoch {last}"


def _with_looks(runs: Sequence[Run]) -> Iterator[tuple[Run, Look]]:
    return zip(runs, looks(len(runs)), strict=True)


SINGLE = "each convolution"


def sparsity_curves(runs: Sequence[Run], *, totals: Sequence[int], title: str) -> Figure:
    """Share of the convolutions' weights that are 0, in % (parts 3.3, 3.4).

    The left panel shows it against the epoch, for the whole network (bold) and for each convolution (thin). The right
    panel shows it for each convolution after the last epoch.

    Args:
        runs: the runs; those without ``zeros`` are left out.
        totals: (convolutions,) the number of weights in each.

    Raises:
        ValueError: a run has zeros of another number of convolutions.
    """
    runs = [run for run in runs if run.zeros]
    with styled_figure(title, height=3.1) as figure:
        left, right = figure.subplots(1, 2, sharey=True)
        if not runs:
            return placeholder(figure, left, right)
        layers = np.arange(1, len(totals) + 1)
        width = 0.8 / len(runs)
        handles: list[Any] = []
        for order, (run, look) in enumerate(_with_looks(runs)):
            zeros = np.asarray(run.zeros, dtype=np.float64)
            if zeros.ndim != 2 or zeros.shape[1] != len(totals):
                raise ValueError(f"run {run.name}: zeros of {zeros.shape[-1]} convolutions, totals of {len(totals)}")
            epochs = np.arange(1, len(zeros) + 1)
            shares = 100 * zeros / np.maximum(totals, 1)
            whole = 100 * zeros.sum(axis=1) / max(sum(totals), 1)
            bold: Any = {"color": look.color, "linestyle": look.line, "linewidth": 3.2, "marker": look.marker}
            # Thin lines of a single run are on top: the bold one hides them if all shares are equal.
            thin: Any = {"color": "#000000" if len(runs) == 1 else look.color, "linewidth": 0.9}
            left.step(epochs, shares, where="post", zorder=4 if len(runs) == 1 else 2, **thin)
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
            label = f"{_with_progress(run)}, all convolutions, last epoch: {whole[-1]:.2f} %"
            handles.append(Line2D([], [], label=label, **bold))
            handles.append(Line2D([], [], label=SINGLE if len(runs) == 1 else f"{run.title}, {SINGLE}", **thin))
        left.set_ylabel("Weights that are zero (%)")
        left.set_ylim(0, max(left.get_ylim()[1], 10))
        _epochs(left, 0 if max(len(run.zeros) for run in runs) > FEW else 0.7, max(len(run.zeros) for run in runs))
        right.set_title("After the last epoch")
        right.set_xlabel("Convolution")
        right.set_xticks(layers if len(layers) <= FEW else layers[:: math.ceil(len(layers) / FEW)])
        right.grid(visible=False, axis="x")
        legend_below(figure, handles)
    return figure


def epoch_seconds(runs: Sequence[Run], *, title: str) -> Figure:
    """The time of each epoch in seconds, its evaluation included, and the ratio of the medians (part 6.2).

    The axis is logarithmic if the times span more than a factor of 20. Medians are compared because the first epoch is
    often slower. Runs without times are left out.
    """
    runs = [run for run in runs if run.seconds]
    with styled_figure(title, height=2.9) as figure:
        axes = figure.subplots()
        if not runs:
            return placeholder(figure, axes)
        last = max(len(run.seconds) for run in runs)
        medians = [median(run.seconds) for run in runs]
        handles = []
        for order, (run, look) in enumerate(_with_looks(runs)):
            style: Any = {"color": look.color, "linestyle": look.line, "marker": look.marker}
            every = 1 if last <= FEW else _every(len(run.seconds), order, len(runs))
            axes.plot(range(1, len(run.seconds) + 1), run.seconds, markevery=every, **style)
            label = f"{_with_progress(run)}, median: {number(round(medians[order], 2))} s"
            handles.append(Line2D([], [], label=label, **style))
        axes.set_ylabel("Time per epoch (s)")
        lows, highs = [min(run.seconds) for run in runs], [max(run.seconds) for run in runs]
        if min(lows) > 0 and max(highs) > LOG_FACTOR * min(lows):
            log_axis(axes.yaxis, min(lows), max(highs))
        else:
            axes.set_ylim(bottom=0)
            axes.yaxis.set_major_formatter(NUMBERS)
        _epochs(axes, 0.7 if last <= 2 * FEW else 0, last)
        slow, fast = medians.index(max(medians)), medians.index(min(medians))
        if slow != fast and medians[fast] > 0:
            ratio = number(medians[slow] / medians[fast])
            text = f"Median epoch: {runs[slow].title} takes {ratio} times as long as {runs[fast].title}"
            axes.set_title(textwrap.fill(text, 80))
        legend_below(figure, handles)
    return figure


def _window(runs: Sequence[Run]) -> int:
    """Return the number of steps in a moving average: a tenth of the shortest run as planned, at most 100."""
    planned = min(len(run.losses) * max(run.settings.epochs / len(run.accuracies), 1) for run in runs)
    shortest = min(len(run.losses) for run in runs)
    return max((n for n in (1, 2, 5, 10, 20, 50, 100) if n <= min(planned / 10, shortest)), default=1)


def _every(points: int, order: int, count: int, share: float = 1.0) -> tuple[int, int]:
    """Return ``markevery`` for a long line: eight markers on the whole width, away from those of other lines.

    Args:
        order: the index of this line among ``count`` lines.
        share: the share of the axes' width that this line covers.
    """
    step = max(round(points / max(8 * share, 1)), 1)
    return step * order // count, step


def _with_progress(run: Run) -> str:
    done = len(run.accuracies)
    return run.title if done >= run.settings.epochs else f"{run.title} ({done} of {run.settings.epochs} epochs)"


def _epochs(axes: Axes, first: float, last: int) -> None:
    axes.set_xlabel("Epoch")
    axes.set_xlim(first, last + max(0.02 * last, 0.3 if first else 0.1))
    if last == 1 and not first:
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
    elif last <= FEW:
        axes.set_xticks(range(math.ceil(first), last + 1))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 2.5, 5, 10]))
