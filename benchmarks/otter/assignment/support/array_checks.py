"""What the otter assignment's tests share: the checks of 2.1 and 2.3 here, on plain arrays in one process.

They ask for what ``grader/suites/quantization_checks.py`` asks for, and take scales by row and other forms of the extra
arguments as that does. What needs a second process is left out: otter runs tests where the submission runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

#: Arrays that don't fit into the extra arguments.
LARGE = (16, 2048)


def step_of(W: np.ndarray, bits: int) -> float:
    """The distance of two neighbouring codes."""
    return float(np.ptp(W.astype(np.float64))) / (2**bits - 1)


def rounding(W: np.ndarray) -> float:
    """What float32 arithmetic may add to an error."""
    return 8 * float(np.finfo(np.float32).eps) * float(np.abs(W).max() + np.ptp(W))


def drawn_weights(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Normally distributed float32 weights, whose minimum is below 0, not near a whole number, nor near -maximum."""
    W = rng.normal(size=shape)
    low = rng.integers(2, 4) + rng.uniform(0.35, 0.65)
    span = 2 * low + rng.uniform(0.5, 1)
    return np.asarray((W - W.min()) / np.ptp(W) * span - low, dtype=np.float32)


def drawn_pairs(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Drawn weights of which each stands twice in its row."""
    half = drawn_weights(rng, *shape[:-1], shape[-1] // 2)
    return np.asarray(np.concatenate([half, half], axis=-1)[..., rng.permutation(shape[-1])])


def as_array(value: Any, shape: tuple[int, ...]) -> np.ndarray:
    """A result as a finite array of this shape."""
    found = np.asarray(value)
    assert found.shape == shape, f"The shape is {found.shape}, expected {shape}."
    assert np.isfinite(found).all(), "There are values that are NaN or infinite."
    return found


def as_codes(value: Any, bits: int, shape: tuple[int, ...]) -> np.ndarray:
    """Codes of any dtype: whole numbers, no more of them than ``bits`` bits can tell apart."""
    found = as_array(value, shape)
    assert found.dtype.kind != "b", "The codes are booleans."
    codes = found.astype(np.float64)
    assert (codes == np.round(codes)).all(), "The codes are not whole numbers."
    top = 2**bits - 1
    assert np.abs(codes).max() <= top, f"A code is larger than {top}."
    assert np.ptp(codes) <= top, f"The codes are spread over more than {top}."
    return codes


def size_of(value: Any) -> int:
    """Bytes of extra arguments: 8 a number, arrays as they are, objects by their attributes."""
    if isinstance(value, np.ndarray | np.generic) or type(value).__module__ == "torch":
        return int(value.nbytes)
    attributes = size_of(vars(value)) if hasattr(value, "__dict__") else 0
    if isinstance(value, list | tuple):
        return attributes + sum(size_of(item) for item in value)
    if isinstance(value, dict):
        return attributes + sum(size_of(key) + size_of(item) for key, item in value.items())
    if isinstance(value, str | bytes):
        return attributes + 4 * len(value)
    return attributes + 8


def quantized(quantize: Callable[..., Any], W: np.ndarray, bits: int = 8) -> tuple[Any, Any]:
    """The codes and the extra arguments, which have to be small."""
    held = W.copy()  # whether it is changed is 2.1g
    codes, args = quantize(held) if bits == 8 else quantize(held, bits=bits)
    as_codes(codes, bits, W.shape)
    allowed = 1024 + 64 * (W.shape[0] if W.ndim == 2 else 1)
    assert size_of(args) <= allowed, "The extra arguments are too large."
    return codes, args


def assert_codes_of_weights(value: Any, W: np.ndarray) -> None:
    """Many of the 256 codes are used, and equal weights have equal codes."""
    codes = as_codes(value, 8, W.shape)
    assert len(np.unique(codes)) >= 10, "quantize used too few codes."
    order = np.argsort(W, axis=-1, kind="stable")
    ordered = np.take_along_axis(codes, order, axis=-1)
    assert (ordered[..., ::2] == ordered[..., 1::2]).all(), "quantize gave equal weights different codes."


def assert_rising(value: Any, W: np.ndarray) -> None:
    """Larger weights have larger codes, or the same, row by row."""
    codes = as_codes(value, 8, W.shape)
    ordered = np.take_along_axis(codes, np.argsort(W, axis=-1), axis=-1)
    assert (np.diff(ordered, axis=-1) >= 0).all(), "Larger weights have smaller codes."


def assert_round_trip(
    quantize: Callable[..., Any], dequantize: Callable[..., Any], W: np.ndarray, bits: int = 8
) -> None:
    """Quantize and dequantize: at most half a step, the bound of rounding to nearest."""
    codes, args = quantized(quantize, W, bits)
    values = as_array(dequantize(codes, args), W.shape)
    step = step_of(W, bits)
    worst = float(np.abs(values - W).max())
    assert worst <= step / 2 + rounding(W), f"The largest error is {worst / step:.3g} steps, expected at most 0.5."
    ordered = as_codes(codes, bits, W.shape)
    order = np.argsort(ordered, axis=-1, kind="stable")
    equal = np.diff(np.take_along_axis(ordered, order, axis=-1), axis=-1) == 0
    apart = np.abs(np.diff(np.take_along_axis(values, order, axis=-1), axis=-1))
    assert (apart[equal] <= rounding(W)).all(), "Equal codes of one row stand for different values."


def assert_neighbours(codes: np.ndarray, W: np.ndarray, bits: int) -> None:
    """Every code is one of the two next to the value's exact position; a rounded zero point may shift it by a half."""
    position = (W.astype(np.float64) - W.min()) / step_of(W, bits)
    slack = 1 if W.min() == 0 else 1.5
    assert (np.abs(codes - position) <= slack + 1e-3).all(), "A value went to a code that is not next to it."


def hoeffding(count: int, probability: float = 1e-7) -> float:
    """How far the mean of ``count`` draws of 0 or 1 strays from its expectation with at most this probability."""
    return math.sqrt(math.log(2 / probability) / (2 * count))
