"""Shared checks of part 1: the references in float64, and the allowed errors."""

from __future__ import annotations

import numpy as np

from harness.checks import as_array, as_number, assert_true, assert_within
from harness.host.proxies import Student

__all__ = ["DTYPES", "LONG", "assert_right_loss", "assert_right_probabilities", "drawn", "log_softmax"]

#: The dtypes of inputs.
DTYPES = ("float32", "float64")
#: A shape whose axes all have other lengths.
LONG = (6, 5, 9)


def drawn(rng: np.random.Generator, *shape: int, dtype: str = "float64") -> np.ndarray:
    """Normally distributed numbers of standard deviation 3, whose exponentials every dtype can hold."""
    return rng.normal(scale=3, size=shape).astype(dtype)


def log_softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """The logarithms of softmax, in float64."""
    shifted = x.astype(np.float64) - x.max(axis=axis, keepdims=True)
    logarithms: np.ndarray = shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
    return logarithms


def _relative_error(x: np.ndarray, axis: int) -> np.ndarray:
    """The allowed relative error of a probability that was computed in the dtype of ``x``.

    One operation rounds by u, half of the dtype's epsilon. An exponent is x_i, or x_i minus the maximum or the
    logarithm of the sum, each of which is at most 2 · max|x| + log n. Its rounding, u times that, becomes a relative
    error of the exponential; so does that of the logarithm of the sum. A sum of n positive terms adds (n − 1) · u in
    any order (Higham, Accuracy and Stability of Numerical Algorithms, section 4.2), and exp and log a few u each.
    All of that is less than the sum below, which has 4 · max|x| for the two exponents, 2 · n for the sum and both
    logarithms of n, and 20 for exp, log and the quotient.
    """
    u = np.finfo(x.dtype).eps / 2
    error: np.ndarray = u * (4 * np.abs(x).max(axis=axis, keepdims=True).astype(np.float64) + 2 * x.shape[axis] + 20)
    return error


def assert_right_probabilities(student: Student, x: np.ndarray, axis: int = -1, hint: str = "") -> None:
    """Check that the student's softmax equals the reference up to rounding."""
    found = student.softmax.softmax(x) if axis == -1 else student.softmax.softmax(x, axis=axis)
    what = f"softmax of a {x.dtype} array {x.shape}" + ("" if axis == -1 else f" with axis={axis}")
    values = as_array(found, what, shape=x.shape, dtype="float", hint=hint)
    expected = np.exp(log_softmax(x, axis))
    # What is below the smallest normal number has fewer digits.
    bound = expected * _relative_error(x, axis) + np.finfo(x.dtype).tiny
    assert_within(values, expected, atol=bound, what=what, hint=hint)


def assert_right_loss(student: Student, logits: np.ndarray, labels: np.ndarray, hint: str = "") -> None:
    """Check that the student's cross_entropy equals the reference up to rounding.

    A logarithm of a probability p is off by p's relative error and by u · |log p|, which is at most 2 · max|x| + log n.
    The mean of N losses adds N · u times itself at most.
    """
    what = f"cross_entropy of {logits.dtype} logits {logits.shape}"
    found = as_number(student.softmax.cross_entropy(logits, labels), what)
    expected = float(-log_softmax(logits)[np.arange(len(labels)), labels].mean())
    u = float(np.finfo(logits.dtype).eps) / 2
    bound = 2 * float(_relative_error(logits, -1).max()) + len(labels) * u * expected
    assert_true(
        abs(found - expected) <= bound,
        f"{what} is {found:.8g}, expected {expected:.8g} ± {bound:.1g}.",
        hint or "the mean over the rows of −log p, where p is the probability of the row's label.",
    )
