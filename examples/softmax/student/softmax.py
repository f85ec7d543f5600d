"""Part 1: softmax and cross-entropy, with NumPy.

Nothing that a function leaves in a global variable is there when another is graded.
"""

from __future__ import annotations

import numpy as np


def softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """Part 1.1: exponentials that are scaled so that they sum to 1 along an axis.

    The result at i is exp(x_i) / Σ_j exp(x_j), where j runs along ``axis``.

    Args:
        x: float32 or float64, of any shape with at least one dimension; any finite numbers; not changed by the call.
        axis: the axis along which the results sum to 1, counted from the end where it is negative.

    Returns:
        An array of the shape and the dtype of ``x``, with numbers from 0 to 1.

    Example:
        >>> softmax(np.log(np.array([1.0, 2.0, 5.0])))
        array([0.125, 0.25 , 0.625])
    """
    raise NotImplementedError("Part 1.1: softmax")


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    """Part 1.2: the mean of −log p, where p is the probability that softmax gives to the right class of a row.

    The loss of a row is finite for any finite logits, also where p is smaller than the smallest float: a row [−1000, 0]
    with the label 0 has the loss 1000.

    Args:
        logits: (N, C) float32 or float64, a row for each example; not changed by the call.
        labels: (N,) int64, the right class of each row, from 0 to C − 1.

    Returns:
        One number.

    Example:
        >>> cross_entropy(np.log(np.array([[1.0, 3.0], [1.0, 1.0]])), np.array([0, 1]))  # (log 4 + log 2) / 2
        1.0397207708399179
    """
    raise NotImplementedError("Part 1.2: cross_entropy")
