"""Figures of values that belong to no epoch, as pure functions from numbers to matplotlib figures."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from course.plotting.style import (
    COLORS,
    NUMBERS,
    SMALL,
    legend_below,
    looks,
    number,
    percent_axis,
    placeholder,
    styled_figure,
)

__all__ = ["accuracy_spread", "bars", "encoding", "histograms"]

#: The style of each of several repetitions.
REPETITION: dict[str, Any] = {"color": COLORS[1], "linestyle": "", "marker": "o", "markersize": 4, "alpha": 0.6}
REPETITION["markeredgewidth"] = 0
SINGLE: dict[str, Any] = {"color": COLORS[0], "linestyle": "", "marker": "o", "markersize": 7}


def accuracy_spread(
    groups: Mapping[str, Sequence[float]],
    *,
    title: str,
    baseline: float | None = None,
    xlabel: str = "",
    baseline_label: str = "full precision",
) -> Figure:
    """Test accuracies of several groups, labelled in % (parts 2.2, 2.3).

    A single value is drawn as a marker. Several repetitions are drawn as light markers, next to their mean and their
    sample standard deviation (with n − 1).

    Args:
        groups: name → accuracies in [0, 1].
        baseline: the accuracy in [0, 1] that all are compared with, drawn as a horizontal line.

    Raises:
        ValueError: a value is outside [0, 1].
    """
    checked = [value for values in groups.values() for value in values] + ([] if baseline is None else [baseline])
    if not all(0 <= value <= 1 for value in checked):
        raise ValueError("accuracies have to be in [0, 1]; the figure shows them in %")
    groups = {name: values for name, values in groups.items() if len(values)}
    with styled_figure(title, height=3.1) as figure:
        axes = figure.subplots()
        if not groups:
            return placeholder(figure, axes, text="nothing was measured")
        handles = []
        several = max(map(len, groups.values())) > 1
        for place, values in enumerate(groups.values()):
            points = 100 * np.asarray(values, dtype=np.float64)
            mean, top = points.mean(), points.max()
            if len(points) == 1:
                text = f"{mean:.2f} %"
                axes.plot(place, mean, **SINGLE)
            else:
                deviation = points.std(ddof=1)
                text, top = f"{mean:.2f} ± {deviation:.2f} %", max(top, mean + deviation)
                across = place - 0.1 + np.linspace(-0.1, 0.1, len(points))
                axes.plot(across, points, **REPETITION)
                axes.errorbar(place + 0.1, mean, deviation, fmt="D", color=COLORS[0], capsize=4, markersize=6)
            box: Any = {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.8}
            axes.annotate(
                text, (place, top), (0, 7), textcoords="offset points", ha="center", va="bottom", zorder=4, bbox=box
            )
        if several:
            if any(len(values) == 1 for values in groups.values()):
                handles.append(Line2D([], [], label="a single value", **SINGLE))
            handles += [
                Line2D([], [], label="one repetition", **REPETITION),
                Line2D([], [], color=COLORS[0], linestyle="", marker="D", label="mean ± standard deviation"),
            ]
        if baseline is not None:
            line: Any = {"color": "black", "linestyle": "--", "linewidth": 1}
            axes.axhline(100 * baseline, zorder=1, **line)
            handles.append(Line2D([], [], label=f"{baseline_label}: {100 * baseline:.2f} %", **line))
        axes.set_ylabel("Test accuracy (%)")
        percent_axis(axes, above=0.14)
        axes.set_xlabel(xlabel)
        axes.set_xlim(-0.6, len(groups) - 0.4)
        axes.set_xticks(range(len(groups)), [textwrap.fill(name, max(8, 64 // len(groups))) for name in groups])
        axes.grid(visible=False, axis="x")
        legend_below(figure, handles)
    return figure


def histograms(groups: Mapping[str, np.ndarray], *, title: str, xlabel: str) -> Figure:
    """The distribution of values in each group, in %, over bins that all groups share (part 2.1).

    Args:
        groups: name → numbers of any shape. Values that aren't finite are left out, and the legend counts them.
        xlabel: the meaning of the values, with their unit.
    """
    flat = {name: np.asarray(values, dtype=np.float64).ravel() for name, values in groups.items()}
    finite = {name: values[np.isfinite(values)] for name, values in flat.items()}
    with styled_figure(title, height=3.1) as figure:
        axes = figure.subplots()
        if not any(map(len, finite.values())):
            return placeholder(figure, axes, text="there are no values")
        low = min(values.min() for values in finite.values() if len(values))
        high = max(values.max() for values in finite.values() if len(values))
        edges = np.histogram_bin_edges([], bins=40, range=(low, high))
        handles = []
        for order, ((name, values), look) in enumerate(zip(finite.items(), looks(len(finite)), strict=True)):
            style: Any = {"color": look.color, "linestyle": look.line}
            style["linewidth"] = max(3.0 - 0.9 * order, 1.2)  # later lines are thinner, so that equal ones stay visible
            left_out = len(flat[name]) - len(values)
            label = f"{name} ({len(values):,} values{f', {left_out:,} not finite' if left_out else ''})"
            handles.append(Line2D([], [], label=label, **style))
            if len(values):
                share = 100 * np.histogram(values, edges)[0] / len(values)
                axes.stairs(share, edges, baseline=None, **style)
        axes.set_xlabel(xlabel)
        axes.set_ylabel("Share of the values (%)")
        axes.set_ylim(bottom=0)
        legend_below(figure, handles)
    return figure


def encoding(values: np.ndarray, *, title: str) -> Figure:
    """The positional encoding as a heat map (part 5.1), with the first 64 positions enlarged.

    Args:
        values: (length, depth) numbers in [−1, 1].
    """
    values = np.asarray(values, dtype=np.float64)
    length, depth = values.shape
    first = min(length, 64)
    # Each drawn column is a mean of neighbours. If every sixth position were drawn instead, fast waves would look slow.
    together = math.ceil(length / 512)
    starts = np.arange(0, length, together)
    means = np.add.reduceat(values, starts) / np.diff(starts, append=length)[:, None]
    with styled_figure(title, height=4.6) as figure:
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
        for axes, shown, drawn in ((left, length, means), (right, first, values[:first])):
            # An image keeps the PDF small; a mesh would have half a million cells.
            image = axes.imshow(
                drawn.T,
                cmap="cividis",  # larger values are lighter, in grey print too
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
        left.set_title(f"All {length:,} positions" + (f" (means of {together})" if together > 1 else ""))
        right.set_title(f"The first {first}")
        figure.colorbar(image, ax=[left, right], label="Encoding", ticks=[-1, -0.5, 0, 0.5, 1], aspect=30)
    return figure


def bars(labels: Sequence[str], groups: Mapping[str, Sequence[float]], *, title: str, xlabel: str) -> Figure:
    """Grouped horizontal bars with their numbers, one row of bars for each label (parts 3.1, 4.1, 6.1).

    The axis is linear and begins at 0.

    Args:
        labels: the names of the rows; a name may have several lines.
        groups: name → (labels,) values, 0 or larger.
        xlabel: the meaning of the values, with their unit.

    Raises:
        ValueError: a group doesn't have one value for each label.
    """
    for name, values in groups.items():
        if len(values) != len(labels):
            raise ValueError(f"{name}: {len(values)} values for {len(labels)} labels")
    count = len(groups)
    names = ["\n".join(textwrap.shorten(line, 40, placeholder="…") for line in label.split("\n")) for label in labels]
    lines = max((name.count("\n") + 1 for name in names), default=1)
    with styled_figure(title, height=0.9 + len(labels) * max(0.13 + 0.17 * lines, 0.1 + 0.19 * count)) as figure:
        axes = figure.subplots()
        if not count or not labels:
            return placeholder(figure, axes, text="there are no values")
        width = 0.82 / count
        places = np.arange(len(labels))
        handles = []
        heights = np.asarray(list(groups.values()), dtype=np.float64)
        for order, ((name, given), look) in enumerate(zip(groups.items(), looks(count), strict=True)):
            drawn = axes.barh(
                places + width * (order + 0.5) - 0.41,
                given,
                0.94 * width,
                color=look.color,
                hatch=look.hatch,
                edgecolor="white",
                linewidth=0,
            )
            axes.bar_label(drawn, [number(value) for value in given], padding=3, fontsize=SMALL)
            handles.append(Patch(facecolor=look.color, hatch=look.hatch, edgecolor="white", label=name))
        axes.set_xlim(0, 1.18 * float(heights.max()) or 1.0)
        axes.set_yticks(places, names)
        axes.set_ylim(len(labels) - 0.45, -0.55)
        axes.tick_params(axis="y", length=0)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel(xlabel)
        axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
        axes.xaxis.set_major_formatter(NUMBERS)
        if count > 1:
            legend_below(figure, handles)
    return figure
