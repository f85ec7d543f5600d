"""Run student code in the grader's own process, for a debugger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from harness.host.failures import StudentError
from harness.host.workers import Allowed, Resolve, WithSharedFolder, Worker
from harness.isolation.limits import Limits
from harness.protocol import Call, decode
from harness.worker.tracebacks import describe
from harness.worker.worker import Executor

__all__ = ["InProcessLauncher"]


class InProcessLauncher(WithSharedFolder):
    """A launcher that runs student code in this process, without any limits, for ``--pdb`` and ``breakpoint()``."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits

    def start(self) -> None:
        pass

    def launch(self, submission: Path, seed: int, part: str, clean: bool = False) -> Worker:
        torch.manual_seed(seed)
        return _InProcessWorker(submission)

    def stop(self) -> None:
        self._remove_shared()


class _InProcessWorker:
    spent = 0.0  # there are no limits

    def __init__(self, submission: Path) -> None:
        self._submission = submission
        self._executor = Executor(submission)
        self._raised: tuple[BaseException, str] | None = None

    def call(self, call: Call, buffers: list[Any], called: str, resolve: Resolve, allowed: Allowed) -> Any:
        try:
            value, received = self._executor.execute(call, list(map(bytearray, buffers)))
        except BaseException as error:  # goes on as it is: a debugger should stop in the student's own frame
            self._raised = (error, called)
            raise
        return decode(value, list(map(bytearray, received)), resolve)

    def failure_of(self, error: BaseException) -> StudentError | None:
        if self._raised is None or error is not self._raised[0]:
            return None
        importing = getattr(error, "while_importing", False) is True
        return StudentError(describe(error, self._submission, importing), self._raised[1])

    def close(self) -> None:
        pass

    def printed(self) -> str:
        return ""  # pytest captures what is printed in its own process
