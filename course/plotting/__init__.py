"""The figures that the handout asks for, as pure functions from records to matplotlib figures."""

from course.plotting.curves import epoch_seconds, learning_curves, sparsity_curves
from course.plotting.style import mark, number, save
from course.plotting.values import accuracy_spread, bars, encoding, histograms

__all__ = [
    "accuracy_spread",
    "bars",
    "encoding",
    "epoch_seconds",
    "histograms",
    "learning_curves",
    "mark",
    "number",
    "save",
    "sparsity_curves",
]
