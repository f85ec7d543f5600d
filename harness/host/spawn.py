"""Workers that are new interpreters, for platforms where forking isn't safe: macOS and Windows.

Each takes seconds to start.
"""

from __future__ import annotations

import hmac
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from harness import ROOT
from harness.host.failures import SandboxError
from harness.host.server_process import ONE_THREAD
from harness.host.workers import Output, SocketWorker, WithSharedFolder, Worker, WorkerProcess, is_there
from harness.isolation.limits import Limits, slowness
from harness.numbers import chapter_of
from harness.worker.worker import SEED, Settings

__all__ = ["SpawnLauncher"]


class SpawnLauncher(WithSharedFolder):
    """A launcher that starts one interpreter for each part.

    The tests of a part share it; ``fresh`` starts a second one.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.slowness = 1.0
        self._free: dict[tuple[Path, str, bool], list[_SpawnedWorker]] = {}
        self._calibrated = False

    def start(self) -> None:
        if not self._calibrated:
            self.slowness = slowness()
            self._calibrated = True

    def launch(self, submission: Path, seed: int, part: str, clean: bool = False) -> Worker:
        self.start()
        free = self._free.setdefault((submission, part, clean), [])
        while free:
            worker = free.pop()
            if worker.alive:
                return worker.begin()
        kept = submission, chapter_of(part)
        for key in [key for key in self._free if (key[0], chapter_of(key[1])) != kept]:
            for worker in self._free.pop(key):
                worker.end()
        return self._spawn(submission, seed, free).begin()

    def _spawn(self, submission: Path, seed: int, free: list[_SpawnedWorker]) -> _SpawnedWorker:
        scratch = Path(tempfile.mkdtemp(prefix="harness-"))
        token = secrets.token_hex(16)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            process = subprocess.Popen(
                [sys.executable, "-m", "harness.worker.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, **ONE_THREAD, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
                cwd=scratch,
            )
            assert process.stdin is not None
            assert process.stdout is not None
            settings = Settings(str(submission), str(scratch), self.limits)
            process.stdin.write(msgspec.json.encode((listener.getsockname()[1], token, settings)) + b"\n")
            process.stdin.close()
            output = Output(os.dup(process.stdout.fileno()), self.limits.output_bytes)
            listener.settimeout(self.limits.start_seconds * self.slowness)
            try:
                connection, _ = listener.accept()
                connection.settimeout(10)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                said = connection.recv(32, socket.MSG_WAITALL)
            except TimeoutError:
                process.kill()
                raise SandboxError(f"a worker could not be started:\n{output.text(wait=1.0)[-2000:]}") from None
        if not hmac.compare_digest(said, hmac.new(token.encode(), b"worker", "sha256").digest()):
            process.kill()
            raise SandboxError("something other than a worker answered on the worker's connection")

        def end(wait: bool) -> int | None:
            code = None
            with suppress(subprocess.TimeoutExpired):  # its own end, if it is ending
                code = process.wait(0.5)
            process.kill()
            code = process.wait() if code is None else code
            assert process.stdout is not None
            process.stdout.close()
            shutil.rmtree(scratch, ignore_errors=True)
            return code

        if not is_there(connection, self.limits.start_seconds * self.slowness):
            process.kill()
            raise SandboxError(f"a worker could not be started:\n{output.text(wait=1.0)[-2000:]}")
        connection.sendall(SEED.pack(seed))
        started = WorkerProcess(connection, output, lambda: process.pid, scratch, end)
        return _SpawnedWorker(started, submission, self.limits, self.slowness, free=free)

    def stop(self) -> None:
        for workers in self._free.values():
            for worker in workers:
                worker.end()
        self._free.clear()
        self._remove_shared()


class _SpawnedWorker(SocketWorker):
    """A worker that later tests of its part use again."""

    def __init__(self, *args: Any, free: list[_SpawnedWorker]) -> None:
        super().__init__(*args)
        self._free = free

    def begin(self) -> _SpawnedWorker:
        self._output.forget()
        return self

    def end(self) -> None:
        self._stop()

    def close(self) -> None:
        if self.alive:
            self._free.append(self)

    def printed(self) -> str:
        # Output from before the last answer is already in the pipe, but the reading thread needs a moment to read it.
        return self._output.text(wait=0.05 if self.alive else 1.0)
