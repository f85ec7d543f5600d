"""Shared checks of part 2: drawn weights, checks of codes and of quantized networks, and bounds.

A *step* of an array is (max − min) / (2^bits − 1). Scales by row are accepted, because their steps are smaller.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from course.models import MNISTNet
from course.trainer import Evaluation
from harness.checks import as_array, as_module, as_pair, assert_true, assert_within, fail, told_apart
from harness.gradebook import Panel, Picture
from harness.host.failures import StudentError
from harness.host.proxies import Remote, Student
from harness.protocol import travelling_bytes

# ---- 2.1 ---------------------------------------------------------------------------------------------------


def step_of(W: np.ndarray, bits: int) -> float:
    """Return the distance of two neighbouring codes in the array's values."""
    return float(np.ptp(W.astype(np.float64))) / (2**bits - 1)


def rounding(W: np.ndarray) -> float:
    """Return the error that float32 arithmetic may add to values as large as max|W| plus the range.

    Quantize and dequantize have about six operations, and each rounds by a relative 2^-24. The bound has 16 of them.
    """
    return 8 * float(np.finfo(np.float32).eps) * float(np.abs(W).max() + np.ptp(W))


def drawn_weights(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Draw normal float32 weights whose minimum is negative, and neither near a whole number nor near −maximum."""
    W = rng.normal(size=shape)
    low = rng.integers(2, 4) + rng.uniform(0.35, 0.65)
    span = 2 * low + rng.uniform(0.5, 1)
    return np.asarray((W - W.min()) / np.ptp(W) * span - low, dtype=np.float32)


def size_of(value: Any) -> int:
    """Return the bytes of extra arguments as they are sent to another process, with types and shapes."""
    return travelling_bytes(value, lambda there: len(there.as_bytes()))


def keep_accuracies(fact: Callable[..., None], bits: int, full: Evaluation, now: Evaluation) -> None:
    """Keep the accuracies of a quantized network and of the original as facts of the question about ``bits`` bits.

    The tolerance is two standard deviations of the sample, because an answer has the accuracy on all 10,000 images.
    The names say that the network is the course's. A student's own network has other accuracies at few bits.
    """
    question = f"2.2-{bits}-bits"
    for thing, found in (("full precision", full), (f"{bits} bits", now)):
        spread = 200 * math.sqrt(found.accuracy * (1 - found.accuracy) / found.total)
        name = f"test accuracy of the course's network at {thing} (on {found.total:,} images, ± {spread:.1f} points)"
        fact(name, 100 * found.accuracy, "%", question, tolerance=spread)
    loss = 100 * (full.accuracy - now.accuracy)
    word = "loss" if loss >= 0 else "gain"
    name = f"{word} of test accuracy of the course's network at {bits} bits (on {full.total:,} images)"
    fact(name, abs(loss), "points", question, tolerance=spread)


def as_codes(value: Any, bits: int, shape: tuple[int, ...]) -> np.ndarray:
    """Check that codes of any dtype are whole numbers in a range of 2^bits values. 2.1a checks the dtype.

    Returns:
        The codes as float64.
    """
    found = as_array(value, "codes", shape=shape)
    assert_true(found.dtype.kind != "b", "The codes are booleans, expected whole numbers.", "cast to uint8 last.")
    codes = found.astype(np.float64)
    assert_true(
        bool((codes == np.round(codes)).all()), "The codes are not whole numbers.", "round, and cast to uint8 last."
    )
    top = 2**bits - 1
    assert_true(
        np.abs(codes).max(initial=0) <= top and np.ptp(codes) <= top,
        f"With bits={bits} the codes go from {int(codes.min())} to {int(codes.max())}, expected 0 to {top}.",
        "the codes of b bits are 0 to 2^b − 1.",
    )
    return codes


def codes_and_args(result: Any, of: str = "quantize") -> tuple[Any, Any]:
    """Split what a function returned into the codes and the extra arguments."""
    return as_pair(result, of, "the codes and the extra arguments")


def quantized(student: Student, W: Any, bits: int = 8) -> tuple[Any, Any]:
    """Return the student's codes and extra arguments, after the checks that all other checks rely on.

    The extra arguments have to be small, because otherwise they could contain the original array. Each row may have 64
    bytes, enough for a tuple of two NumPy numbers with their types, and the rest 1 kB.
    """
    result = student.quantization.quantize(W) if bits == 8 else student.quantization.quantize(W, bits=bits)
    codes, args = codes_and_args(result)
    as_codes(codes, bits, shape=W.shape)
    allowed = 1024 + 64 * (W.shape[0] if W.ndim == 2 else 1)
    assert_true(
        size_of(args) <= allowed,
        f"The extra arguments for an array of {W.nbytes:,} bytes take {size_of(args):,} bytes.",
        "a scale and a shift are enough to get back from the codes.",
    )
    return codes, args


def drawn_pairs(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Draw weights, each of which appears twice in its row."""
    half = drawn_weights(rng, *shape[:-1], shape[-1] // 2)
    return np.asarray(np.concatenate([half, half], axis=-1)[..., rng.permutation(shape[-1])])


def assert_codes_of_weights(codes: Any, W: np.ndarray, of: str = "") -> None:
    """Check that drawn pairs use many of the 256 codes, as constant codes don't, and that equal weights share one."""
    values = as_codes(codes, 8, W.shape)
    used = len(np.unique(values))
    assert_true(used >= 10, f"quantize used {used} different codes for {W.size:,} weights, expected up to 256.")
    order = np.argsort(W, axis=-1, kind="stable")
    sorted_codes = np.take_along_axis(values, order, axis=-1)
    assert_true(
        bool((sorted_codes[..., ::2] == sorted_codes[..., 1::2]).all()),
        f"quantize gave equal weights{of} different codes.",
        "a code depends on its weight, the minimum and the maximum, and on nothing else.",
    )


def assert_rising(codes: Any, W: np.ndarray) -> None:
    """Check in each row that larger weights never have smaller codes. Scales by row pass."""
    values = as_codes(codes, 8, W.shape)
    order = np.argsort(W, axis=-1)
    assert_true(
        bool((np.diff(np.take_along_axis(values, order, axis=-1), axis=-1) >= 0).all()),
        "Larger weights have smaller codes.",
        "codes wrap around where values leave 0 to 255: shift and scale before the cast to uint8.",
    )


def assert_unchanged(held: Remote, W: np.ndarray, function: str) -> None:
    """Check that an array in the worker is unchanged."""
    now = as_array(held.value(), "the input after the call", shape=W.shape)
    hint = "W -= W.min() works in place; W - W.min() makes a new array."
    assert_true(np.array_equal(now, W), f"{function} changed the {W.dtype} array that it was given.", hint)


def assert_the_same_twice(student: Student, codes: Any, args: Any) -> None:
    """Check that dequantize gives the same values for the same objects again."""
    held = student.hold(codes), student.hold(args)
    hint = "args[1] -= … and args.pop() work in place, on what quantize returned; make new values."
    try:
        one = student.quantization.dequantize(*held)
    except StudentError:
        return
    try:
        two = student.quantization.dequantize(*held)
    except StudentError as error:
        finding = "dequantize fails when it is called again with the same codes and extra arguments"
        fail(f"{finding}: {error.finding}", hint, cause=error)
    assert_true(
        not isinstance(one, np.ndarray) or (isinstance(two, np.ndarray) and np.array_equal(one, two, equal_nan=True)),
        "dequantize gives other values when it is called again with the same codes and extra arguments.",
        hint,
    )


def restored(student: Student, codes: Any, args: Any) -> np.ndarray:
    """Return the values that the student's dequantize gives in a process that has never run quantize."""
    values = student.fresh().quantization.dequantize(codes, args)
    return as_array(values, "dequantize's result", shape=tuple(codes.shape), dtype="float")


def assert_round_trip(
    student: Student, W: np.ndarray, bits: int, what: str, show: Callable[[Picture], None] | None = None
) -> np.ndarray:
    """Quantize, dequantize in another process, and check that errors are at most half a step (rounding to nearest).

    Args:
        show: is called with a histogram of the errors.

    Returns:
        The absolute errors in steps, with the shape of ``W``.
    """
    codes, args = quantized(student, W, bits)
    step = step_of(W, bits)
    values = restored(student, codes, args)
    errors = np.asarray((values - W) / step)
    if show is not None:
        panel = Panel("", [errors.ravel()[:5000].astype(float).tolist()])
        title = "Errors after quantize and dequantize, in steps: rounding to nearest keeps them between −0.5 and 0.5"
        show(Picture(title, "histograms", [panel], x="error in steps", y="weights"))
    worst = float(np.abs(errors).max())
    assert_true(
        worst * step <= step / 2 + rounding(W),
        f"{what}: after quantize and dequantize the largest error is {told_apart(worst, 0.5, 3)[0]} times the step, "
        "expected at most 0.5.",
        hint_for(errors, bits, codes_are_right=_are_nearest(codes, W, step), float16=are_float16(values)),
    )
    assert_codes_decide(as_codes(codes, bits, W.shape), values, W)
    return np.abs(errors)


def assert_codes_decide(codes: np.ndarray, values: np.ndarray, W: np.ndarray) -> None:
    """Check that equal codes in a row become equal values, so that the extra arguments have no other information."""
    order = np.argsort(codes, axis=-1, kind="stable")
    equal = np.diff(np.take_along_axis(codes, order, axis=-1), axis=-1) == 0
    apart = np.abs(np.diff(np.take_along_axis(values, order, axis=-1), axis=-1))
    assert_true(
        bool((apart[equal] <= rounding(W)).all()),
        "dequantize gave different values for equal codes of one row.",
        "a value comes from its code, the scale and the shift, and from nothing else.",
    )


def assert_constants_have_codes(student: Student, function: str, bits: int) -> list[tuple[Any, Any]]:
    """Check that constant arrays, whose range is 0, can be quantized.

    Returns:
        Their codes and extra arguments.
    """
    results = []
    for value in (3.0, 0.0):
        W = np.full((2, 5), value)
        result = getattr(student.quantization, function)(W)
        codes, args = codes_and_args(result, f"{function}(np.full((2, 5), {value}))")
        as_codes(codes, bits, shape=W.shape)
        results.append((codes, args))
    return results


def _are_nearest(codes: Any, W: np.ndarray, step: float) -> bool:
    """Say whether codes are the nearest ones, with one scale for the array. A few may be off by one."""
    nearest = np.round((W - W.min()) / step)
    apart = np.abs(as_array(codes, "codes", shape=W.shape).astype(np.float64) - nearest)
    return bool(apart.max() <= 1 and (apart == 0).mean() > 0.95)


IN_FLOAT16 = "dequantize computes in float16, which has three digits: use float32 or float64."


def are_float16(values: np.ndarray) -> bool:
    """Whether all values have at most the 11 significant bits of float16, and some are no integers."""
    with np.errstate(over="ignore"):
        return np.array_equal(values, values.astype(np.float16)) and not np.array_equal(values, np.round(values))


def hint_for(errors: np.ndarray, bits: int, codes_are_right: bool, float16: bool) -> str:
    """Return a hint at the usual cause of such errors, which are in steps."""
    if float16:
        return IN_FLOAT16
    if bits != 8 and codes_are_right:
        return (
            "the codes are right, and dequantize brings them back wrong. Its scale depends on bits: take it from the "
            "extra arguments, not from a fixed 255."
        )
    worst = float(np.abs(errors).max())
    if worst <= 1.01 and errors.max() < 0.01:
        return "all values come back too small, by up to a whole step: round before the cast to uint8."
    if worst > 50:
        return "dequantize has to undo both the scale and the shift, in the opposite order, from its arguments alone."
    return "the scale is (2^bits − 1) / (max − min), and the shift is the minimum, both as they are, not as integers."


# ---- 2.2 ---------------------------------------------------------------------------------------------------


def remote_copy(student: Student, model: MNISTNet) -> Any:
    """Copy an MNISTNet into the student's worker."""
    there = as_module(student.course.models.MNISTNet(hidden=model.fc1.out_features), "MNISTNet")
    there.load_state_dict(model.state_dict())
    return there


def quantized_model(student: Student, there: Any, model: MNISTNet, bits: int, **options: Any) -> MNISTNet:
    """Return a copy of ``model`` with the weights of the student's quantized model.

    Raises:
        CheckFailure: a parameter has more different values than ``bits`` bits can represent.
    """
    result = as_module(student.quantization.quantize_model(there, bits=bits, **options), "quantize_model's result")
    as_array(result(torch.zeros(2, 1, 28, 28)), "the quantized model's output for two images", shape=(2, 10))
    state = result.state_dict()
    own = copy.deepcopy(model)
    for name, parameter in own.named_parameters():
        if name not in state:
            fail(f"The quantized model has no parameter {name}: it has to be of the class of the original.")
        values = as_array(state[name], name, shape=tuple(parameter.shape), dtype="float")
        assert_levels(values, parameter.detach().numpy(), bits, name)
        parameter.data = torch.from_numpy(values.astype(np.float32))
    return own


def rounded_to_nearest(model: MNISTNet, bits: int) -> MNISTNet:
    """Return a copy whose parameters are rounded to the nearest of 2^bits levels between their minimum and maximum."""
    rounded = copy.deepcopy(model)
    for parameter in rounded.parameters():
        W = parameter.detach().numpy().astype(np.float64)
        levels = np.round((W - W.min()) / step_of(W, bits)) * step_of(W, bits) + W.min()
        parameter.data = torch.from_numpy(levels.astype(np.float32))
    return rounded


def assert_levels(values: np.ndarray, W: np.ndarray, bits: int, name: str) -> None:
    """Check that there are at most 2^bits different values.

    With scales by row, each row has at most 2^bits values, and keeps its minimum and maximum. Stochastic rounding in
    float32 moves an extreme by one code once in a million draws, so nine in ten rows are enough.
    """
    if one_scale(values, bits):
        return
    by_row = False
    if W.ndim == 2 and max(len(np.unique(row)) for row in values) <= 2**bits:
        ends = [(values.min(axis=1), W.min(axis=1)), (values.max(axis=1), W.max(axis=1))]
        by_row = all(float(np.mean(np.abs(found - own) <= rounding(W))) >= 0.9 for found, own in ends)
    levels = len(np.unique(values))
    assert_true(
        by_row,
        f"{name} has {levels:,} different values after quantization to {bits} bits, expected at most {2**bits}.",
        "is every parameter quantized and dequantized, and is the new model returned?",
    )


def one_scale(values: np.ndarray, bits: int) -> bool:
    """Say whether an array has at most 2^bits different values, as with one scale for all of it."""
    return len(np.unique(values)) <= 2**bits


def steps_of(values: np.ndarray, W: np.ndarray, bits: int) -> np.ndarray | float:
    """Return the step of quantized values: a number, or (rows, 1) if scales are by row."""
    if one_scale(values, bits):
        return step_of(W, bits)
    return np.asarray(np.ptp(W.astype(np.float64), axis=1, keepdims=True) / (2**bits - 1))


def drawn_network(rng: np.random.Generator) -> MNISTNet:
    """Make a small MNISTNet with drawn weights. Each parameter has its own mean and range."""
    model = MNISTNet(hidden=32)
    for parameter, scale in zip(model.parameters(), rng.permutation([0.5, 1, 2, 4]), strict=True):
        values = rng.normal(loc=rng.uniform(-1, 1), scale=scale, size=tuple(parameter.shape))
        parameter.data = torch.from_numpy(values.astype(np.float32))
    return model


# ---- 2.3 ---------------------------------------------------------------------------------------------------


def drawn_codes(student: Student, W: np.ndarray, bits: int = 2, **options: Any) -> np.ndarray:
    """Quantize stochastically once. Return the codes as float64."""
    result = student.quantization.stochastic_quantize(W, bits=bits, **options)
    codes, _ = codes_and_args(result, "stochastic_quantize")
    return as_codes(codes, bits, shape=W.shape)


def hoeffding(count: int, probability: float = 1e-7) -> float:
    """Bound the deviation of the mean of ``count`` draws of 0 or 1 from its expectation (Hoeffding's inequality).

    Args:
        probability: the probability that the deviation exceeds the bound is at most this.
    """
    return math.sqrt(math.log(2 / probability) / (2 * count))


def assert_numbers_vary(student: Student, up: np.ndarray) -> None:
    """Check that the number of elements rounded up varies between rows and draws as for independent draws.

    Args:
        up: (100, 100) bool, which elements halfway between two codes were rounded up.
    """
    found, expected = float(up.sum(axis=1).var()), up.shape[1] / 4
    # The variance of 100 binomial numbers with variance 25 is below a third of 25 with probability below 1e-15.
    few = "The number of elements that are rounded up hardly varies from"
    hint = "draw one random number for each element, independently: rng.random(W.shape)."
    assert_true(found > expected / 3, f"{few} row to row: its variance is {found:.1f}, expected {expected:.1f}.", hint)
    W = np.append(np.full(400, 1.5), [0, 3])
    numbers = [int((drawn_codes(student, W)[:400] == 2).sum()) for _ in range(10)]
    # A binomial number with deviation 10 is within 1 of its mean 200 with probability 0.12, and ten are with 6e-10.
    assert_true(
        any(abs(number - 200) > 1 for number in numbers),
        f"{few} draw to draw: of 400 it is {', '.join(map(str, numbers))}.",
        hint,
    )


def assert_neighbours(codes: np.ndarray, W: np.ndarray, bits: int) -> None:
    """Check that every code is one of the two neighbours of the value's exact position.

    With a rounded zero point, codes may be shifted by another half.
    """
    position = (W.astype(np.float64) - W.min()) / step_of(W, bits)
    slack = 1 if W.min() == 0 else 1.5
    assert_within(
        codes,
        position,
        atol=slack + 1e-3,
        what=f"codes at {bits} bits, against the values in units of a step",
        hint="a value goes to the code just below it or to the one just above it.",
    )
