"""Proxies for student code: ``student.layers.softmax(x)`` in a test is a call that runs in a worker.

Results are returned by value. An object that can't be sent becomes a :class:`Remote`, and a torch module a
:class:`RemoteModule`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from torch import Tensor

from harness.base.untrusted import UnreadableError, read_bytes
from harness.failure import Failure
from harness.host.failures import StudentError
from harness.host.timer import Allowance
from harness.host.workers import Launcher, Worker
from harness.isolation.limits import Limits
from harness.protocol import ROOM, Call, Handle, encode, is_shape
from harness.submission.required_names import MODULES
from harness.worker.functions import called

__all__ = ["Gradients", "Remote", "RemoteModule", "Student", "TimeBudget", "summary"]

MAX_SOURCE_BYTES = 1 << 20


def summary(value: Any) -> str:
    """A value in few words, for messages: ``float32 array (64, 32)``."""
    text = _summary(value)
    return text if len(text) <= 300 else f"{text[:300]}…"


def _summary(value: Any, depth: int = 0) -> str:
    if depth > 3:
        return "…"
    if isinstance(value, np.ndarray):
        return f"{value.dtype} array {value.shape}"
    if isinstance(value, Tensor):
        return f"{str(value.dtype).removeprefix('torch.')} tensor {tuple(value.shape)}"
    if isinstance(value, Remote):
        return value.type_name
    if isinstance(value, tuple | list):
        inner = ", ".join(_summary(item, depth + 1) for item in value[:4]) + (", …" if len(value) > 4 else "")
        return f"[{inner}]" if isinstance(value, list) else f"({inner})"
    if isinstance(value, dict):
        return f"dict of {len(value)}"
    if isinstance(value, int) and value.bit_length() > 200:
        return f"an integer of {value.bit_length():,} bits"
    if isinstance(value, str | bytes):  # of megabytes, each of which takes four to show
        value = value[:100]
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


class TimeBudget:
    """The time that calls may take in a run. A function gets less after each call that missed its deadline.

    Every test that needs a function with an endless loop waits for its deadline. Without this budget, twenty tests
    would wait for twenty full deadlines; with it, for about five. A correct function needs a small part of even the
    shortest.

    Args:
        ends: the time at which the whole run must be over, by ``time.monotonic()``.
    """

    def __init__(self, ends: float = math.inf) -> None:
        self.ends = ends
        self._times: dict[str, int] = {}

    @property
    def is_over(self) -> bool:
        """Whether the run's time is over."""
        return time.monotonic() >= self.ends

    def allowance(self, name: str, limits: Limits, slowness: float, spent: float) -> Allowance:
        """The time for a call of this function: the whole deadline at first, then 1/2, 1/3, and from then on 1/4 of it.

        It is never more than the remaining time of the test or of the run.

        Args:
            spent: seconds that earlier calls of the test used.
        """
        share = 1 / (1 + min(self._times.get(name, 0), 3))
        own = min(limits.call_seconds * share, limits.test_seconds - spent / slowness) * slowness
        return Allowance(max(min(own, self.ends - time.monotonic()), 0.0), self.ends)

    def ran_out(self, name: str) -> None:
        """Record that a call of this function missed its deadline."""
        self._times[name] = self._times.get(name, 0) + 1


class _Line:
    """The connection to one worker: encodes calls and turns handles into proxies."""

    def __init__(self, worker: Worker, time_budget: TimeBudget, spent: list[float] | None = None) -> None:
        self.worker = worker
        self._time_budget = time_budget
        self._spent = [] if spent is None else spent

    def ask(self, word: str, *args: Any, called: str = "") -> Any:
        """Call a worker function. ``called`` describes the call in messages to the student."""
        buffers: list[Any] = []
        values = [encode(arg, buffers, self._handle, depth=-ROOM) for arg in args]
        called = called or word
        name = called.partition("(")[0]
        before = self.worker.spent

        def allowed(limits: Limits, slowness: float) -> Allowance:
            return self._time_budget.allowance(name, limits, slowness, sum(self._spent))

        try:
            return self.worker.call(Call(word, values, {}), buffers, called, self._proxy, allowed)
        except StudentError as error:
            if error.failure.kind == "timeout":
                self._time_budget.ran_out(name)
            raise
        finally:
            self._spent.append(self.worker.spent - before)

    def _handle(self, value: Any) -> Handle:
        if not isinstance(value, Remote):
            raise TypeError(f"{type(value).__name__} can't be sent to student code")
        if value._line is self:
            return value._handle
        there = self.ask("unpickled", value.as_bytes(), called=f"Copying {value.type_name} to another process")
        if not isinstance(there, Remote):
            raise _tampered(value.type_name)
        return there._handle

    def _proxy(self, handle: Handle) -> Remote:
        return (RemoteModule if handle.kind == "module" else Remote)(self, handle)


class Remote:
    """An object that stayed in its worker."""

    def __init__(self, line: _Line, handle: Handle, name: str = "") -> None:
        self._line = line
        self._handle = handle
        self._name = name
        self._bytes: bytes | None = None

    @property
    def type_name(self) -> str:
        """The name of the object's class, as the worker reports it."""
        return self._handle.type_name[:100]

    def get(self, name: str) -> Any:
        """The attribute ``name``."""
        return self._line.ask("attribute", self, name, called=f"{self._name or self.type_name}.{name}")

    def value(self) -> Any:
        """The object's current value, if it can be sent."""
        return self._line.ask("value", self)

    def as_bytes(self) -> bytes:
        """The object as pickled bytes, which only workers open.

        They are made once, so that measured and sent bytes are the same.
        """
        if self._bytes is None:
            data = self._line.ask("pickled", self, called=f"Copying {self.type_name} to another process")
            if not isinstance(data, bytes):
                raise _tampered(self.type_name)
            self._bytes = data
        return self._bytes

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        result = self._line.ask("call", self, list(args), kwargs, called=self._called(args, kwargs))
        if isinstance(result, Remote) and not result._name:
            result._name = self._name
        return result

    def _called(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
        words = [summary(arg) for arg in args] + [f"{name}={summary(value)}" for name, value in kwargs.items()]
        return f"{self._name or self.type_name}({', '.join(words)})"

    def __repr__(self) -> str:
        return f"<{self.type_name} in a worker>"


@dataclass(frozen=True)
class Gradients:
    """The gradients of a backward pass."""

    output: Any
    parameters: dict[str, Tensor | None]
    """The gradients of parameters by registered name; None for a parameter without one."""
    inputs: list[Tensor | None]


class RemoteModule(Remote):
    """A torch module that stayed in its worker."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._line.ask("forward", self, list(args), kwargs, called=self._called(args, kwargs))

    def _ask(self, word: str, *args: Any) -> Any:
        return self._line.ask(word, self, *args, called=f"{self._name or self.type_name}: {word}")

    def _tensors(self, word: str) -> dict[str, Tensor]:
        found = self._ask(word)
        if not isinstance(found, dict) or not all(
            isinstance(name, str) and isinstance(value, Tensor) for name, value in found.items()
        ):
            raise _tampered(word)
        return found

    def state_dict(self) -> dict[str, Tensor]:
        """Parameters and buffers by name."""
        return self._tensors("state_dict")

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        self._ask("load_state_dict", dict(state))

    def parameters(self) -> dict[str, Tensor]:
        """The registered parameters by name, each once."""
        return self._tensors("parameters")

    def shapes(self, trained: bool = False) -> dict[str, tuple[int, ...]]:
        """The shapes of registered parameters by name; with ``trained``, only of those that require a gradient."""
        found = self._ask("shapes", trained)
        if not isinstance(found, dict) or not all(
            isinstance(name, str) and isinstance(shape, list) and is_shape(shape) for name, shape in found.items()
        ):
            raise _tampered("shapes")
        return {name: tuple(shape) for name, shape in found.items()}

    def in_plain_lists(self) -> list[str]:
        """The names of at most 5 attributes that hold modules in a plain list, tuple or dict, and so unregistered."""
        found: list[str] = _of(list[str], self._ask("in_plain_lists"), "in_plain_lists")
        return found

    def write(self, values: dict[str, Tensor]) -> None:
        """Write values into parameters and buffers by name, in place."""
        self._ask("write", values)

    def requires_grad_(self, flag: bool) -> RemoteModule:
        self._ask("require_gradients", flag)
        return self

    def train(self) -> RemoteModule:
        self._ask("set_mode", True)
        return self

    def eval(self) -> RemoteModule:
        self._ask("set_mode", False)
        return self

    def gradients(self, *inputs: Tensor, upstream: Tensor) -> Gradients:
        """Run a forward and a backward pass with ``upstream`` as the gradient of the output."""
        found: Gradients = _of(Gradients, self._ask("gradients", list(inputs), upstream), "gradients")
        if len(found.inputs) != len(inputs):
            raise _tampered("gradients")
        return found

    def fill(self, **values: Any) -> None:
        """Write values into parameters, or lists of values into lists of parameters, in place."""
        for name, value in values.items():
            self._ask("fill", name, value)

    def replace(self, **values: Any) -> None:
        """Replace attributes by new parameters or lists of new parameters."""
        for name, value in values.items():
            self._ask("replace", name, value)

    def operators(self, *inputs: Tensor) -> list[tuple[str, int]]:
        """The ATen operators of one forward pass, each with its ``groups``."""
        trace: list[tuple[str, int]] = _of(list[tuple[str, int]], self._ask("operators", list(inputs)), "operators")
        return trace


def _tampered(word: str) -> StudentError:
    """The error for an answer of a wrong type, which only student code that tampers with its worker can cause."""
    message = f"The answer about {word} is not of the form that the grader asked for."
    return StudentError(Failure("died", "", message, []))


def _of(kind: Any, answer: Any, word: str) -> Any:
    """Check that an answer has the expected type, such as ``list[str]``, or make a dataclass of a dict.

    Raises:
        StudentError: the answer has another type.
    """
    try:
        return msgspec.convert(answer, kind)
    except Exception:  # msgspec asks a type that it doesn't know for items, keys or attributes, which raises anything
        raise _tampered(word) from None


class Namespace:
    """One module in a worker: ``student.layers`` or ``student.course.models``.

    Names in capital letters are constants, which are returned by value. All others are functions or classes.
    """

    def __init__(self, line: _Line, word: str, module: str, asked: set[str] | None = None) -> None:
        self._line = line
        self._word = word
        self._module = module
        self._asked = asked

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if self._asked is not None:
            self._asked.add(name)
        value = self._line.ask(self._word, self._module, name, called=f"Importing {self._module}.py")
        if isinstance(value, Remote):
            value._name = name
        elif not name.isupper():
            message = f"{name} in {self._module}.py is {summary(value)}, expected a function or a class."
            raise StudentError(Failure("missing", "", message, []))
        return value


class _Course:
    """``student.course.<module>``: the course's code in the student's worker."""

    def __init__(self, line: _Line) -> None:
        self._line = line

    def __getattr__(self, module: str) -> Namespace:
        if module.startswith("__"):
            raise AttributeError(module)
        return Namespace(self._line, "course", module)


class Student:
    """A submission during one test.

    ``student.<module>.<name>`` is the student's function, class or constant; ``student.course.<module>.<name>`` is
    the course's, in the same worker. The worker starts with the first use.
    """

    def __init__(
        self,
        launcher: Launcher,
        submission: Path,
        part: str,
        seed: int,
        time_budget: TimeBudget | None = None,
        is_clean: bool = False,
    ) -> None:
        self._launcher = launcher
        self._time_budget = time_budget or TimeBudget()
        self._submission = submission
        self._part = part
        self._is_clean = is_clean
        self._seed = seed
        self._others: list[Student] = []
        self._spent: list[float] = []
        self._started: _Line | None = None
        self.asked: set[str] = set()
        """The student's names that the test used; ``*`` stands for the text of a module."""
        self.printed = ""
        """The output of student code, complete after :meth:`close`."""

    def _line(self) -> _Line:
        if self._started is None:
            worker = self._launcher.launch(self._submission, self._seed, self._part, self._is_clean)
            self._started = _Line(worker, self._time_budget, self._spent)
        return self._started

    def __getattr__(self, module: str) -> Namespace:
        if module not in MODULES.values():
            raise AttributeError(module)
        return Namespace(self._line(), "student", module, self.asked)

    @property
    def course(self) -> _Course:
        return _Course(self._line())

    def fresh(self) -> Student:
        """The same submission in a second process, which doesn't have the first one's variables."""
        return self._another(self._is_clean)

    def _another(self, is_clean: bool) -> Student:
        seed = self._seed + len(self._others) + 1
        other = Student(self._launcher, self._submission, self._part, seed, self._time_budget, is_clean)
        other._spent = self._spent  # the time is the test's
        other.asked = self.asked
        self._others.append(other)
        return other

    def clean(self) -> Student:
        """A process without student code, as long as only worker functions run in it."""
        return self._another(is_clean=True)  # spawned workers are used again, each kind for its own

    def run(self, function: Callable[..., Any], *args: Any, what: str = "", of: Any = Any) -> Any:
        """Run a worker function in the worker. Its answer must be checked like any other.

        Args:
            function: a function with ``@worker_function``, from the problem set or from harness/worker/functions.py.
            what: the description in a message about its failure; by default the function's own.
            of: the type that the answer must have, as ``list[str]``, since student code can falsify answers.
        """
        name = function.__name__
        return _of(of, self._line().ask(name, *args, called=what or called(name)), name)

    def hold(self, value: Any) -> Remote:
        """Keep a value in the worker, so that changes by student code stay visible; see :meth:`Remote.value`."""
        held: Remote = _of(Remote, self._line().ask("hold", value), "hold")
        return held

    def generator(self, seed: int) -> Remote:
        """A ``numpy.random.Generator`` in the worker."""
        made: Remote = _of(Remote, self._line().ask("generator", seed), "generator")
        return made

    def keywords(self, module: str, name: str) -> list[int]:
        """The numbers of a module's lines on which a call passes the keyword ``name`` with another value than 1.

        The text is parsed in a process that doesn't run it.
        """
        self.asked.add("*")
        try:  # as bytes: the parser knows byte order marks and coding lines
            source = read_bytes(self._submission / f"{module}.py", MAX_SOURCE_BYTES)
        except UnreadableError as error:
            raise StudentError(Failure("missing", "", f"{error}: hand in the file itself.", [])) from None
        lines: list[int] = self.clean()._line().ask("keywords_in", source, name, called=f"Reading {module}.py")
        return lines

    def failure_of(self, error: BaseException) -> StudentError | None:
        """The student's failure behind an exception of a test, or None if it has another cause."""
        for one in (self, *self._others):
            if one._started is not None and (found := one._started.worker.failure_of(error)):
                return found
        return None

    def close(self) -> None:
        """End the worker, and the workers of ``fresh`` and ``clean``."""
        workers = [one._started.worker for one in (self, *self._others) if one._started is not None]
        self._started = None
        self._others.clear()
        for worker in workers:
            worker.close()
        self.printed += "".join(worker.printed() for worker in workers)
