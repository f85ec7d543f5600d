"""Figures over epochs: pure functions from runs to matplotlib figures."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from statistics import median
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from course.plotting.style import (
    GREY,
    NUMBERS,
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

#: Drawn on a logarithmic axis where the largest value is more times the smallest.
LOG_FACTOR = 20
#: A curve of losses has no more points: several times the pixels of its panel.
MAX_POINTS = 1500
#: Up to so many epochs, each has its marker.
FEW = 12


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
    with styled_figure(title, height=3.4) as figure:
        left, right = figure.subplots(1, 2)
        if not runs:
            return placeholder(figure, left, right)
        last = max(len(run.accuracies) for run in runs)
        n = _window(runs)
        lows, highs, handles = [], [], []
        for order, (run, look) in enumerate(zip(runs, looks(len(runs)), strict=True)):
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
            log_axis(left.yaxis, min(lows), max(highs))
        else:
            left.set_ylim(bottom=max(0, left.get_ylim()[0]))
        right.set_ylabel("Test accuracy (%)")
        percent_axis(right)
        _epochs(left, 0, last)
        _epochs(right, 0.7 if last <= 2 * FEW else 0, last)
        shown = [mark for mark in marks if mark <= last]
        for axes in (left, right):
            for mark in shown:
                axes.axvline(mark, color=GREY, linewidth=0.8, linestyle=(0, (2, 2)), zorder=1)
        if shown and mark_label:
            handles.append(Line2D([], [], color=GREY, linewidth=0.8, linestyle=(0, (2, 2)), label=mark_label))
        legend_below(figure, handles)
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
    with styled_figure(title, height=3.1) as figure:
        left, right = figure.subplots(1, 2, sharey=True)
        if not runs:
            return placeholder(figure, left, right)
        layers = np.arange(1, len(totals) + 1)
        width = 0.8 / len(runs)
        handles: list[Any] = []
        for order, (run, look) in enumerate(zip(runs, looks(len(runs)), strict=True)):
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
        legend_below(figure, handles)
    return figure


def epoch_seconds(runs: Sequence[Run], *, title: str) -> Figure:
    """Seconds that each epoch took, its evaluation included, and how the medians compare (part 6.2).

    The axis is logarithmic where the times span more than a factor of 20. Medians, since a first epoch warms up.
    """
    runs = [run for run in runs if run.seconds]
    with styled_figure(title, height=2.9) as figure:
        axes = figure.subplots()
        if not runs:
            return placeholder(figure, axes)
        last = max(len(run.seconds) for run in runs)
        medians = [median(run.seconds) for run in runs]
        handles = []
        for order, (run, look) in enumerate(zip(runs, looks(len(runs)), strict=True)):
            style: Any = {"color": look.color, "linestyle": look.line, "marker": look.marker}
            every = 1 if last <= FEW else _every(len(run.seconds), order, len(runs))
            axes.plot(range(1, len(run.seconds) + 1), run.seconds, markevery=every, **style)
            label = f"{_with_progress(run)}: median {number(float(medians[order]))} s"
            handles.append(Line2D([], [], label=label, **style))
        axes.set_ylabel("Seconds an epoch")
        lows, highs = [min(run.seconds) for run in runs], [max(run.seconds) for run in runs]
        if min(lows) > 0 and max(highs) > LOG_FACTOR * min(lows):
            log_axis(axes.yaxis, min(lows), max(highs))
        else:
            axes.set_ylim(bottom=0)
            axes.yaxis.set_major_formatter(NUMBERS)
        _epochs(axes, 0.7 if last <= 2 * FEW else 0, last)
        slow, fast = medians.index(max(medians)), medians.index(min(medians))
        if slow != fast and medians[fast] > 0:
            ratio = number(float(f"{medians[slow] / medians[fast]:.3g}"))
            text = f"{runs[slow].title} takes {ratio} times as long as {runs[fast].title} (medians)"
            axes.set_title(textwrap.fill(text, 80))
        legend_below(figure, handles)
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
