"""What a test may say about a value that student code returned.

A check that fails raises :class:`CheckFailure` with one sentence that says what was found and what was expected, and a
hint on what to do about it. Values from a worker are plain data, but of any type: check what a value is before
computing with it.
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

#: Numbers in an array whose shape the student's own code decides on: the largest that a suite expects has 1.6 million.
LARGEST = 1 << 21
#: Numbers in a collection that is turned into Python objects: the longest that a suite expects has some hundred.
MOST_NUMBERS = 1000


def needs(*numbers: str) -> Callable[[Function], Function]:
    """Without these tests the decorated one means nothing: where one fails, it is not run."""

    def mark(function: Function) -> Function:
        function.__needs__ = numbers  # type: ignore[attr-defined]
        return function

    return mark


def explained_by(*numbers: str) -> Callable[[Function], Function]:
    """Where one of these tests failed as well, it shows the nearer cause: reports lead with it and point to it."""

    def mark(function: Function) -> Function:
        function.__explained_by__ = numbers  # type: ignore[attr-defined]
        return function

    return mark


def fail(finding: str, hint: str = "", cause: StudentError | None = None) -> NoReturn:
    """Fail the test; ``cause`` is the call that failed, if that is what was found."""
    raise CheckFailure(finding, hint, cause)


def assert_true(condition: bool, finding: str, hint: str = "") -> None:
    """Fail the test with ``finding`` unless ``condition`` holds."""
    if not condition:
        raise CheckFailure(finding, hint)


def told_apart(found: float, expected: float, digits: int = 4) -> tuple[str, str]:
    """Two numbers as text, with ``digits`` significant digits, or with so many more that one sees that they differ."""
    texts = f"{found:.{digits}g}", f"{expected:.{digits}g}"
    if found != expected and texts[0] == texts[1] and digits < 17:  # 17 tell any two float64 apart
        return told_apart(found, expected, digits + 1)
    return texts


def as_pair(value: Any, what: str) -> tuple[Any, Any]:
    """The two results of a call that must return two; further ones, if any, stay with the second."""
    if isinstance(value, tuple | list) and len(value) >= 2:
        return value[0], value[1] if len(value) == 2 else tuple(value[1:])
    if value is None:
        fail(f"{what} returned None.", "is there a return statement?")
    fail(f"{what} returned {summary(value)}, expected two things: the codes and the extra arguments.")


def plain(value: Any) -> Any:
    """A tensor as an array of its numbers, whatever it carries besides them; anything else as it is.

    bfloat16, which NumPy doesn't have, becomes float32.
    """
    if not isinstance(value, torch.Tensor):
        return value
    value = value.detach()
    return value.float().numpy() if value.dtype == torch.bfloat16 else value.numpy()


def as_array(
    value: Any, what: str, shape: tuple[int, ...] | None = None, dtype: str | None = None, hint: str = ""
) -> np.ndarray:
    """A value that must be an array (or a tensor) of numbers, finite, with this shape and dtype.

    The shape comes first: what is larger than expected is not looked into.

    Args:
        shape: may be left out only where the student's own layer decides on it. Then ``LARGEST`` is the bound.
        dtype: a NumPy dtype by name, or ``"float"`` for any floating-point one.
        hint: on values that are not finite.
    """
    if value is None:
        fail(f"{what} is None, expected an array.", "is there a return statement?")
    if not isinstance(value, np.ndarray | torch.Tensor):
        fail(f"{what} is {summary(value)}, expected an array of numbers.")
    if shape is not None and tuple(value.shape) != shape:
        fail(f"{what} has shape {tuple(value.shape)}, expected {shape}.")
    if shape is None and (count := math.prod(value.shape)) > LARGEST:
        fail(f"{what} has shape {tuple(value.shape)}, which is {count:,} numbers, expected far fewer.")
    is_bfloat16 = value.dtype == torch.bfloat16  # which has become float32 in the next line
    value = plain(value)
    if value.dtype.kind == "c" or value.dtype.itemsize > 8:
        fail(f"{what} has dtype {value.dtype}, expected real numbers of at most 64 bits.")
    if dtype == "float":
        if value.dtype.kind != "f":
            fail(f"{what} has dtype {value.dtype}, expected a floating-point one.")
    elif dtype is not None and (is_bfloat16 or value.dtype != np.dtype(dtype)):
        fail(
            f"{what} has dtype {'bfloat16' if is_bfloat16 else value.dtype}, expected {dtype}.",
            f"cast with .astype(np.{dtype}) as the last step.",
        )
    if value.dtype.kind == "f" and not np.isfinite(value).all():
        bad = int((~np.isfinite(value)).sum())
        fail(f"{what} has {bad:,} values of {value.size:,} that are NaN or infinite.", hint)
    found: np.ndarray = value
    return found


def is_same(value: Any, expected: torch.Tensor) -> bool:
    """Whether a value is a tensor of the same dtype and shape with the same numbers, bit for bit but for −0."""
    return (
        isinstance(value, torch.Tensor)
        and value.dtype == expected.dtype
        and value.shape == expected.shape
        and torch.equal(value, expected)
    )


def assert_set(value: Any, part: str, name: str) -> None:
    """A constant of a module is no longer the None of the stub; else it is not implemented yet."""
    if value is None:
        raise StudentError(Failure("not implemented", "", f"Part {part}: {name}", []))


def as_number(value: Any, what: str) -> float:
    """A value that must be one finite number: of Python, of NumPy, or a tensor that holds one."""
    if isinstance(value, np.ndarray | np.generic | torch.Tensor) and math.prod(value.shape) == 1:
        value = plain(value).item()
    try:
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    except OverflowError:  # an integer that no float can hold
        pass
    fail(f"{what} is {summary(value)}, expected a number.")


def as_numbers(student: Student, value: Any, what: str) -> list[float]:
    """A value that must be a collection of finite numbers, 1,000 at most; of a dict, the keys count."""
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
    """A value that must be a torch module."""
    if isinstance(value, RemoteModule):
        return value
    if value is None:
        fail(f"{what} is None, expected a torch module.", "is there a return statement?")
    kind = value.type_name if isinstance(value, Remote) else summary(value)
    fail(f"{what} is {kind}, expected a torch module.")


def parameter_count(module: RemoteModule, trained: bool = False) -> int:
    """How many numbers a module's registered parameters hold; with ``trained``, those alone that take a gradient."""
    return sum(map(math.prod, module.shapes(trained).values()))


def if_not_in_plain_lists(module: RemoteModule, hint: str) -> str:
    """The hint for a module that lacks something; another one where it has modules that are not registered."""
    lists = module.in_plain_lists()
    if not lists:
        return hint
    name = cut(lists[0], 60)
    return f"self.{name} is no module and registers nothing: put modules into an nn.ModuleList or an nn.Sequential."


def heat_maps(title: str, panels: dict[str, np.ndarray], x: str, y: str) -> Picture:
    """A picture of arrays side by side, with at most 128 of their rows and columns."""
    shown = {name: values[:128, :128].astype(float).tolist() for name, values in panels.items()}
    return Picture(title, "heat maps", [Panel(name, values) for name, values in shown.items()], x, y)


_SHARES: ContextVar[dict[str, float] | None] = ContextVar("shares of tolerances", default=None)


@contextmanager
def tolerances_kept() -> Iterator[dict[str, float]]:
    """What share of its tolerance the worst element took, by what was compared: of each ``assert_within`` that held.

    A right submission that comes near 1 once is one that may lose a point by bad luck.
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
    """Every element of ``actual`` is at most ``atol`` away from ``expected``.

    The failure names the element that exceeds its tolerance most, by how much.
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
