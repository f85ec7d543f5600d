"""Record the answers of workers to a test, and replay them with one answer changed.

A test's function runs once with the solution in this process, and every answer is recorded as the worker's frame. After
that it can run any number of times without student code: the recorded frames answer, except for one that a test of this
software replaces. So a thousand odd values are tried in the time of a few gradings.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch

from harness.failure import Failure
from harness.host.failures import StudentError
from harness.host.in_process import InProcessLauncher
from harness.host.proxies import Student
from harness.host.workers import Allowed, Resolve, Worker, decoded
from harness.isolation.limits import Limits
from harness.plugin import GRADING, TEST
from harness.protocol import Call, Handle, ProtocolError, Reply, Value, decode, encode
from harness.second_run import run_again
from harness.validation.cases import SOLUTION
from harness.worker.worker import Executor


@dataclass(frozen=True)
class Answer:
    """A worker's answer to a call."""

    function: str
    clean: bool
    """The worker runs no student code, so its answers are the grader's own."""
    value: Value
    buffers: tuple[Any, ...]
    """The buffers of the answer, each as bytes."""

    def plain(self) -> Any:
        """The value itself; a handle for an object that isn't sent."""
        return decode(self.value, list(map(bytearray, self.buffers)), lambda handle: handle)


class _Launcher(InProcessLauncher):
    """Launches workers of one of the two kinds below."""

    def __init__(self, make: Callable[[Path, bool], Worker]) -> None:
        super().__init__(Limits())
        self._make = make

    def launch(self, submission: Path, seed: int, part: str, clean: bool = False) -> Worker:
        torch.manual_seed(seed)
        return self._make(submission, clean)


class _Worker:
    spent = 0.0

    def failure_of(self, error: BaseException) -> StudentError | None:
        return error if isinstance(error, StudentError) else None

    def close(self) -> None:
        pass

    def printed(self) -> str:
        return ""


class _Recording(_Worker):
    def __init__(self, submission: Path, clean: bool, tape: list[Answer]) -> None:
        self._executor = Executor(submission)
        self._clean = clean
        self._tape = tape

    def call(self, call: Call, buffers: list[Any], called: str, resolve: Resolve, allowed: Allowed) -> Any:
        value, received = self._executor.execute(call, list(map(bytearray, buffers)))
        self._tape.append(Answer(call.function, self._clean, value, tuple(map(bytes, received))))
        return decode(value, list(map(bytearray, received)), resolve)


class _Replaying(_Worker):
    """Answers each call by the next recorded answer to a call of this function."""

    def __init__(self, clean: bool, answers: dict[tuple[str, bool], list[Answer]]) -> None:
        self._clean = clean
        self._answers = answers

    def call(self, call: Call, buffers: list[Any], called: str, resolve: Resolve, allowed: Allowed) -> Any:
        left = self._answers[call.function, self._clean]
        if not left:
            raise StudentError(Failure("died", "", "There is no further answer.", []), called)
        answer = left.pop(0)
        if isinstance(answer, Changed):
            return answer.received(resolve)
        return decode(answer.value, list(map(bytearray, answer.buffers)), resolve)


@dataclass(frozen=True)
class Changed(Answer):
    """An answer that replaces a recorded one."""

    def received(self, resolve: Resolve) -> Any:
        """The value as a grader receives it. A value that can't be decoded is the student's failure."""
        try:
            return decoded(Reply(value=self.value), [memoryview(buffer) for buffer in self.buffers], resolve)
        except ProtocolError as error:
            raise StudentError(Failure("died", "", str(error), [])) from None


def changed(answer: Answer, value: Any) -> Changed:
    """The answer with another value, encoded as by a worker. A Handle is kept."""
    buffers: list[Any] = []
    encoded = encode(value, buffers, lambda other: Handle(0, "object", type(other).__name__[:100]))
    return Changed(answer.function, answer.clean, encoded, tuple(buffers))


RunChanged = Callable[[int, Any], BaseException | None]
"""A function that runs a test with another value, or a Changed, as the answer of this index. It returns the test's
exception.
"""


class Replays:
    """A pytest plugin: after each test it lets ``explore`` run the test's function with changed answers."""

    def __init__(
        self, explore: Callable[[str, list[Answer], Callable[[int, Any], BaseException | None]], None]
    ) -> None:
        self._explore = explore

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, object, object]:
        result = yield
        if "student" not in pyfuncitem._fixtureinfo.argnames:
            return result
        grading, test = pyfuncitem.config.stash[GRADING], pyfuncitem.stash[TEST]

        def run(make: Callable[[Path, bool], Worker]) -> None:
            launcher = _Launcher(make)
            run_again(pyfuncitem, Student(launcher, SOLUTION, test.part, seed=1), grading.rng(test))

        tape: list[Answer] = []
        run(lambda submission, clean: _Recording(submission, clean, tape))

        def run_changed(index: int, value: Any) -> BaseException | None:
            answers = defaultdict(list)
            for number, answer in enumerate(tape):
                one = answer
                if number == index:
                    one = value if isinstance(value, Changed) else changed(answer, value)
                answers[answer.function, answer.clean].append(one)
            try:
                run(lambda submission, clean: _Replaying(clean, answers))
            except Exception as error:
                return error
            return None

        self._explore(test.number, tape, run_changed)
        return result
