"""Checks that tests make on the values that student code returns.

A check that fails raises :class:`CheckFailure` with one sentence that says what was found and what was expected, and a
hint on what to do about it. Values from a worker are plain data of any type, so check the type before computing with a
value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NoReturn, TypeVar

import numpy as np
import torch

from harness.failure import Failure
from harness.gradebook import Panel, Picture
from harness.host.failures import StudentError
from harness.host.proxies import Remote, RemoteModule, Student, summary
from harness.outcomes import CheckFailure
from harness.reports.text import cut
from harness.worker import functions

__all__ = [
    "CheckFailure",
    "as_array",
    "as_module",
    "as_number",
    "as_numbers",
    "as_pair",
    "assert_set",
    "assert_true",
    "assert_within",
    "explained_by",
    "fail",
    "heat_maps",
    "if_not_in_plain_lists",
    "is_same",
    "needs",
    "parameter_count",
    "plain",
    "told_apart",
    "tolerances_kept",
]

Function = TypeVar("Function", bound=Callable[..., Any])

#: The most numbers in an array whose shape student code chooses. The largest that a suite expects has 1.6 million.
LARGEST = 1 << 21
#: The most numbers in a collection that becomes Python objects. The longest that a suite expects has about a hundred.
MOST_NUMBERS = 1000


def needs(*numbers: str) -> Callable[[Function], Function]:
    """Skip the decorated test if one of these tests fails, because it would mean nothing then."""

    def mark(function: Function) -> Function:
        function.__needs__ = numbers  # type: ignore[attr-defined]
        return function

    return mark


def explained_by(*numbers: str) -> Callable[[Function], Function]:
    """Name tests that show the cause if they fail as well. Reports then show those tests first and point to them."""

    def mark(function: Function) -> Function:
        function.__explained_by__ = numbers  # type: ignore[attr-defined]
        return function

    return mark


def fail(finding: str, hint: str = "", cause: StudentError | None = None) -> NoReturn:
    """Fail the test. ``cause`` is the failed call, if a call failed."""
    raise CheckFailure(finding, hint, cause)


def assert_true(condition: bool, finding: str, hint: str = "") -> None:
    """Fail the test with ``finding`` unless ``condition`` holds."""
    if not condition:
        raise CheckFailure(finding, hint)


def told_apart(found: float, expected: float, digits: int = 4) -> tuple[str, str]:
    """Two numbers as text, with at least ``digits`` significant digits and as many more as show that they differ."""
    texts = f"{found:.{digits}g}", f"{expected:.{digits}g}"
    if found != expected and texts[0] == texts[1] and digits < 17:  # 17 tell any two float64 apart
        return told_apart(found, expected, digits + 1)
    return texts


def as_pair(value: Any, what: str, expected: str) -> tuple[Any, Any]:
    """The two results of a call that must return two. Any further results stay with the second.

    Args:
        expected: the names of the two, for the message.
    """
    if isinstance(value, tuple | list) and len(value) >= 2:
        return value[0], value[1] if len(value) == 2 else tuple(value[1:])
    if value is None:
        fail(f"{what} returned None.", "is there a return statement?")
    fail(f"{what} returned {summary(value)}, expected two things: {expected}.")


def plain(value: Any) -> Any:
    """A tensor as an array of its numbers alone; any other value as it is.

    bfloat16 becomes float32, because NumPy has no bfloat16.
    """
    if not isinstance(value, torch.Tensor):
        return value
    value = value.detach()
    return value.float().numpy() if value.dtype == torch.bfloat16 else value.numpy()


def as_array(
    value: Any, what: str, shape: tuple[int, ...] | None = None, dtype: str | None = None, hint: str = ""
) -> np.ndarray:
    """Check that a value is an array or a tensor of finite numbers with this shape and dtype.

    The shape is checked first, so that an array that is too large is never read.

    Args:
        shape: leave it out only if the student's own layer chooses it. Then ``LARGEST`` is the bound.
        dtype: a NumPy dtype by name, or ``"float"`` for any floating-point one.
        hint: the hint for values that aren't finite.
    """
    if value is None:
        fail(f"{what} is None, expected an array.", "is there a return statement?")
    if not isinstance(value, np.ndarray | torch.Tensor):
        fail(f"{what} is {summary(value)}, expected an array of numbers.")
    if shape is not None and tuple(value.shape) != shape:
        fail(f"The shape of {what} is {tuple(value.shape)}, expected {shape}.")
    if shape is None and (count := math.prod(value.shape)) > LARGEST:
        fail(f"The shape of {what} is {tuple(value.shape)}: {count:,} numbers, expected far fewer.")
    is_bfloat16 = value.dtype == torch.bfloat16  # which has become float32 in the next line
    value = plain(value)
    if value.dtype.kind == "c" or value.dtype.itemsize > 8:
        fail(f"The dtype of {what} is {value.dtype}, expected real numbers of at most 64 bits.")
    if dtype == "float":
        if value.dtype.kind != "f":
            fail(f"The dtype of {what} is {value.dtype}, expected a floating-point dtype.")
    elif dtype is not None and (is_bfloat16 or value.dtype != np.dtype(dtype)):
        fail(
            f"The dtype of {what} is {'bfloat16' if is_bfloat16 else value.dtype}, expected {dtype}.",
            f"cast with .astype(np.{dtype}) as the last step.",
        )
    if value.dtype.kind == "f" and not np.isfinite(value).all():
        bad = int((~np.isfinite(value)).sum())
        fail(f"{bad:,} of the {value.size:,} values of {what} are NaN or infinite.", hint)
    found: np.ndarray = value
    return found


def is_same(value: Any, expected: torch.Tensor) -> bool:
    """Whether a value is a tensor with the same dtype, shape and bits; 0 and −0 count as equal."""
    return (
        isinstance(value, torch.Tensor)
        and value.dtype == expected.dtype
        and value.shape == expected.shape
        and torch.equal(value, expected)
    )


def assert_set(value: Any, part: str, name: str) -> None:
    """Check that a constant is no longer the stub's None; if it is, the test ends as not implemented."""
    if value is None:
        raise StudentError(Failure("not implemented", "", f"Part {part}: {name}", []))


def as_number(value: Any, what: str) -> float:
    """Check that a value is one finite number of Python, NumPy or torch, and return it as a float."""
    if isinstance(value, np.ndarray | np.generic | torch.Tensor) and math.prod(value.shape) == 1:
        value = plain(value).item()
    try:
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    except OverflowError:  # an integer that no float can hold
        pass
    fail(f"{what} is {summary(value)}, expected a number.")


def as_numbers(student: Student, value: Any, what: str) -> list[float]:
    """Check that a value is a collection of at most 1,000 finite numbers. For a dict, its keys are used."""
    if isinstance(value, Remote):  # a set or a range stays in its worker
        value = student.run(functions.listed, value, of=list[Any])
    if isinstance(value, np.ndarray | torch.Tensor):
        if math.prod(value.shape) > MOST_NUMBERS:  # a Python object for each would take memory and minutes
            fail(f"{what} is {summary(value)}, expected a few numbers.")
        value = plain(value).tolist()
    if not isinstance(value, list | tuple | dict):
        fail(f"{what} is {summary(value)}, expected a list of numbers.")
    if len(value) > MOST_NUMBERS:
        fail(f"{what} has {len(value):,} elements, expected a few numbers.")
    return [as_number(item, f"an element of {what}") for item in value]


def as_module(value: Any, what: str) -> RemoteModule:
    """Check that a value is a torch module."""
    if isinstance(value, RemoteModule):
        return value
    if value is None:
        fail(f"{what} is None, expected a torch module.", "is there a return statement?")
    kind = value.type_name if isinstance(value, Remote) else summary(value)
    fail(f"{what} is {kind}, expected a torch module.")


def parameter_count(module: RemoteModule, trained: bool = False) -> int:
    """The number of elements in a module's parameters; with ``trained``, only in those that require a gradient."""
    return sum(map(math.prod, module.shapes(trained).values()))


def if_not_in_plain_lists(module: RemoteModule, hint: str) -> str:
    """The hint for a module that lacks something.

    Modules in plain lists, which aren't registered, get a hint of their own.
    """
    lists = module.in_plain_lists()
    if not lists:
        return hint
    name = cut(lists[0], 60)
    return f"self.{name} is not a module and registers nothing: put modules into an nn.ModuleList or an nn.Sequential."


def heat_maps(title: str, panels: dict[str, np.ndarray], x: str, y: str) -> Picture:
    """A picture of arrays side by side, each cut to its first 128 rows and columns."""
    shown = {name: values[:128, :128].astype(float).tolist() for name, values in panels.items()}
    return Picture(title, "heat maps", [Panel(name, values) for name, values in shown.items()], x, y)


_SHARES: ContextVar[dict[str, float] | None] = ContextVar("shares of tolerances", default=None)


@contextmanager
def tolerances_kept() -> Iterator[dict[str, float]]:
    """Collect the shares of their tolerances that passing calls of ``assert_within`` used, by what was compared.

    If a correct submission comes near 1, another run may fail it by bad luck.
    """
    kept: dict[str, float] = {}
    token = _SHARES.set(kept)
    try:
        yield kept
    finally:
        _SHARES.reset(token)


def assert_within(
    actual: np.ndarray, expected: np.ndarray, atol: np.ndarray | float, what: str, hint: str = ""
) -> None:
    """Check that every element of ``actual`` is at most ``atol`` away from ``expected``.

    The failure names the element that exceeds its tolerance most, and by how much.
    """
    if np.shape(actual) != np.shape(expected):
        fail(f"{what}: the shape is {np.shape(actual)}, expected {np.shape(expected)}.")
    error = np.abs(np.asarray(actual, dtype=np.float64) - np.asarray(expected, dtype=np.float64))
    tolerance = np.broadcast_to(np.asarray(atol, dtype=np.float64), error.shape)
    wrong = ~(error <= tolerance)
    if not wrong.any():
        loose = tolerance > 0
        if (kept := _SHARES.get()) is not None and loose.any():
            kept[what] = max(kept.get(what, 0.0), float((error[loose] / tolerance[loose]).max()))
        return
    worst = np.unravel_index(np.argmax(error - tolerance), error.shape)
    place = ", ".join(str(int(index)) for index in worst)
    found, wanted = told_apart(float(np.asarray(actual)[worst]), float(np.asarray(expected)[worst]), 6)
    fail(
        f"{what}: {int(wrong.sum()):,} of {error.size:,} values are off; the worst, at [{place}], is {found}, "
        f"expected {wanted} ± {float(tolerance[worst]):.2g}.",
        hint,
    )
