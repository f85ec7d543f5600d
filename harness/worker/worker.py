"""The worker: it loads the submission's modules and carries out calls.

The server forks a worker (``run``). If forking isn't safe, a worker is a new interpreter (``python -m
harness.worker.worker``).
"""

from __future__ import annotations

import faulthandler
import hmac
import importlib
import os
import pickle
import random
import signal
import socket
import struct
import sys
import types
from collections.abc import Callable
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec
import numpy as np
import torch
from torch import nn

from harness import ROOT
from harness.failure import Failure
from harness.isolation import limits as limits_module
from harness.isolation.limits import Limits
from harness.problem import problem
from harness.protocol import (
    Call,
    Handle,
    ProtocolError,
    Reply,
    Value,
    decode,
    encode,
    frame_bytes,
    read_frame,
    receive,
)
from harness.worker.functions import WORKER_FUNCTIONS
from harness.worker.tracebacks import MissingName, describe

if TYPE_CHECKING:
    from harness.isolation.sandbox import Sandbox

__all__ = ["HERE", "SEED", "WHERE_FILE", "Executor", "Settings", "moved", "run"]

OF_THE_REPOSITORY = tuple(str(ROOT / name) for name in problem().problem.readable)
"""The folders of the repository that student code may read."""

problem().own_module("worker_functions")  # adds its worker functions

SEED = struct.Struct("<Q")
"""The message that a worker is sent before the first call."""
HERE = b"!"
"""The first message of a worker, once it is in its sandbox."""
WHERE_FILE = "where"
"""The file in the scratch folder into which a worker writes its stack before it is stopped."""


class Settings(msgspec.Struct, frozen=True):
    """The settings of a worker."""

    submission: str
    """The folder with the student's modules."""
    scratch: str
    """An empty folder: the worker's current directory."""
    limits: Limits
    shared: str = ""
    """A folder that the worker may read, with files from tests."""
    device: str = "cpu"
    """The device on which tensors are created, and to which received tensors are moved."""


class Executor:
    """Carries out calls on a submission. Objects that can't be sent stay here, and are known by number."""

    def __init__(self, submission: Path, device: str = "cpu") -> None:
        self.submission = submission
        self.device = device
        self._objects: list[Any] = []
        self._modules: dict[str, types.ModuleType] = {}
        self._functions: dict[str, Callable[..., Any]] = {
            **WORKER_FUNCTIONS,
            "student": self._student,
            "course": self._course,
            "hold": self.keep,
            "unpickled": lambda data: self.keep(pickle.loads(data)),
        }

    def execute(self, call: Call, buffers: list[Any]) -> tuple[Value, list[Any]]:
        """Carry out one call. Exceptions of student code are passed on."""
        function = self._functions[call.function]
        self._put_modules_in_place()
        args = [decode(value, buffers, self._resolve) for value in call.args]
        kwargs = {name: decode(value, buffers, self._resolve) for name, value in call.kwargs.items()}
        if self.device != "cpu":
            args, kwargs = moved(args, self.device), moved(kwargs, self.device)
        result = function(*args, **kwargs)
        out: list[Any] = []
        return encode(result, out, self.keep), out

    def keep(self, value: Any) -> Handle:
        """Keep an object here, and return its number."""
        self._objects.append(value)
        kind = "module" if isinstance(value, nn.Module) else "callable" if callable(value) else "object"
        return Handle(len(self._objects) - 1, kind, type(value).__name__[:100])  # type: ignore[arg-type]

    def _resolve(self, handle: Handle) -> Any:
        return self._objects[handle.number]

    # The submission becomes the package ``student``, whatever its folder is called.

    def _student(self, module: str, name: str) -> Any:
        """``student.<module>.<name>``"""
        loaded = self._load(module)
        try:
            return getattr(loaded, name)
        except AttributeError:
            raise MissingName(f"{module}.py has no {name}: keep the names that the stub has.") from None

    def _load(self, module: str) -> types.ModuleType:
        full = f"student.{module}"
        if full not in self._modules:
            path = self.submission / f"{module}.py"
            if not path.is_file():
                raise MissingName(f"{module}.py is missing from the submission.")
            before = len(sys.modules)
            try:
                self._modules[full] = importlib.import_module(full)
            except BaseException as error:
                with suppress(Exception):
                    error.while_importing = True  # type: ignore[attr-defined]
                raise
            finally:  # modules that it imported itself are this submission's as well
                # Only new names are examined, because reading a name copies its memory page into this process.
                new = list(islice(reversed(sys.modules), max(len(sys.modules) - before, 0)))
                self._modules.update({name: sys.modules[name] for name in new if name.startswith("student.")})
        return self._modules[full]

    def _put_modules_in_place(self) -> None:
        """Put this submission's modules into ``sys.modules``: several submissions may take turns in one process."""
        package = sys.modules.get("student")
        if package is not None and getattr(package, "executor", None) is self:
            return
        if package is not None:
            for name in [name for name in sys.modules if name == "student" or name.startswith("student.")]:
                del sys.modules[name]
        package = types.ModuleType("student")
        package.__path__ = [str(self.submission)]
        package.executor = self  # type: ignore[attr-defined]
        sys.modules["student"] = package
        sys.modules.update(self._modules)
        if str(self.submission) not in sys.path:
            # The submission comes last in the path, so that its numpy.py, for example, shadows nothing.
            sys.path.append(str(self.submission))

    def _course(self, module: str, name: str) -> Any:
        """``course.<module>.<name>`` of this repository, even if the submission has a folder ``course``."""
        return getattr(importlib.import_module(f"course.{module}"), name)


def moved(value: Any, device: str) -> Any:
    """Move the tensors in a received value to a device."""
    if isinstance(value, torch.Tensor):
        data = value.detach().to(device)
        return nn.Parameter(data, value.requires_grad) if isinstance(value, nn.Parameter) else data
    if isinstance(value, list | tuple):
        return type(value)(moved(item, device) for item in value)
    if isinstance(value, dict):
        return {key: moved(item, device) for key, item in value.items()}
    return value


def _use(device: str) -> None:
    """Create tensors on a device from now on, and compute there as exactly as the tests' tolerances assume.

    The tolerances are those of float32, with sums in any order. TF32 is switched off: it has 10 of float32's 23 bits.
    """
    torch.set_default_device(device)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False


def run(
    connection: socket.socket, settings: Settings, sandbox: Sandbox | None = None, user: int | None = None
) -> NoReturn:
    """Answer calls until the grader closes the connection. Standard output and error must be redirected before.

    Args:
        sandbox: the sandbox that the worker enters, and the user id that it gets.
    """
    os.chdir(settings.scratch)
    if hasattr(signal, "SIGUSR1"):  # sent before a worker is stopped, to learn the line it is at
        faulthandler.register(signal.SIGUSR1, file=open(WHERE_FILE, "w"), all_threads=False)  # noqa: SIM115
    sys.dont_write_bytecode = True
    limits_module.apply(settings.limits, own_user=user is not None, gpu=settings.device.startswith("cuda"))
    if sandbox is not None:
        from harness.isolation.sandbox import enter_sandbox  # Linux

        enter_sandbox(
            sandbox, user, read=[settings.submission, settings.shared, *OF_THE_REPOSITORY], write=[settings.scratch]
        )
    torch.set_num_threads(1)
    if settings.device != "cpu":
        _use(settings.device)
    connection.sendall(HERE)
    try:
        (seed,) = SEED.unpack(receive(SEED.size, connection.recv_into))
    except EOFError:
        os._exit(0)
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)
    executor = Executor(Path(settings.submission), settings.device)
    while True:
        try:
            call, buffers = read_frame(lambda count: receive(count, connection.recv_into))
        except EOFError:
            os._exit(0)
        assert isinstance(call, Call)
        for piece in _answer(executor, call, buffers):
            connection.sendall(piece)
        del call, buffers, piece  # they may be large, and the next call may take long to come


def _answer(executor: Executor, call: Call, buffers: list[Any]) -> list[Any]:
    try:
        value, out = executor.execute(call, buffers)
        pieces = frame_bytes(Reply(value=value), out)
    except ProtocolError as error:
        pieces = _failed(executor, TypeError(str(error)))
    except BaseException as error:  # SystemExit too: whatever student code raises is its answer
        pieces = _failed(executor, error)
    for stream in (sys.stdout, sys.stderr):
        with suppress(BaseException):
            stream.flush()
    return pieces


def _failed(executor: Executor, error: BaseException) -> list[Any]:
    try:
        importing = getattr(error, "while_importing", False) is True
        failure = describe(error, executor.submission, importing)
    except BaseException:  # student code can make classes whose every attribute raises
        failure = Failure("exception", "an exception", "it can't be shown: looking at it raises another one", [])
    return frame_bytes(Reply(failure=failure), [])


def main() -> None:
    """Run a spawned worker, which reads settings from standard input and then answers calls over a connection."""
    port, token, settings = msgspec.json.decode(sys.stdin.buffer.readline(), type=tuple[int, str, Settings])
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(hmac.new(token.encode(), b"worker", "sha256").digest())
    for name in problem().problem.warm_up:
        importlib.import_module(name)
    run(connection, settings)


if __name__ == "__main__":
    main()
