"""The grader's end: starts workers and calls them.

``ForkLauncher`` (Linux) forks them from a server; ``SpawnLauncher`` (macOS, Windows) starts an interpreter for each;
``InProcessLauncher`` runs student code in this process, for a debugger and without any protection.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import msgspec

from grader.sandbox.failures import SandboxError, StudentError, ended, timed_out
from grader.sandbox.limits import Limits, slowness
from grader.sandbox.protocol import (
    Call,
    Handle,
    ProtocolError,
    Reply,
    Value,
    decode,
    frame_bytes,
    read_frame,
)
from grader.sandbox.server import End, Ended, Fork, Forked, Ready
from grader.sandbox.tracebacks import describe
from grader.sandbox.worker import WHERE_FILE, Executor, Settings

__all__ = ["ForkLauncher", "InProcessLauncher", "Launcher", "SpawnLauncher", "Worker", "make_launcher"]

ROOT = Path(__file__).resolve().parent.parent.parent
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

Resolve = Callable[[Handle], Any]


class Worker(Protocol):
    """One process (or none of its own) in which student code runs."""

    def call(self, call: Call, buffers: list[Any], called: str, resolve: Resolve, patience: float = 1.0) -> Any:
        """Carry out a call and return its value; StudentError where student code failed.

        Args:
            patience: the share of the deadline that this call gets.
        """
        ...

    def failure_of(self, error: BaseException) -> StudentError | None:
        """The student's failure that an exception out of a test is, or None where it is something else."""
        ...

    def close(self) -> None:
        """End the worker."""
        ...

    def printed(self) -> str:
        """What student code printed; complete when the worker is closed and its processes are swept away."""
        ...


class Launcher(Protocol):
    """Starts workers for submissions."""

    limits: Limits

    def start(self) -> None:
        """Begin to get ready, without waiting for it."""
        ...

    def launch(self, submission: Path, seed: int, part: str) -> Worker:
        """A worker for a test of this part."""
        ...

    def end_test(self) -> None:
        """Called after each test, when its workers are closed."""
        ...

    def stop(self) -> None:
        """End everything."""
        ...


def make_launcher(mode: str, limits: Limits | None = None) -> Launcher:
    """The launcher of a mode: ``fork``, ``spawn``, ``in-process``, or ``auto``, the best that the platform has."""
    limits = limits or Limits()
    if mode == "auto":
        mode = "fork" if sys.platform == "linux" else "spawn"
    if mode == "fork":
        return ForkLauncher(limits)
    if mode == "spawn":
        return SpawnLauncher(limits)
    return InProcessLauncher(limits)


# ---- a worker behind a socket ------------------------------------------------------------------------------


class _Output:
    """Reads a pipe to its end in a thread and keeps the beginning and the end of what came."""

    def __init__(self, descriptor: int, keep: int) -> None:
        self._descriptor = descriptor
        self._keep = keep
        self._head = bytearray()
        self._tail: deque[bytes] = deque(maxlen=2)
        self._dropped = 0
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def _drain(self) -> None:
        with suppress(OSError):
            while data := os.read(self._descriptor, 1 << 16):
                room = self._keep - len(self._head)
                self._head += data[:room]
                rest = data[room:] if room > 0 else data
                if rest:
                    if len(self._tail) == self._tail.maxlen:
                        self._dropped += len(self._tail[0])
                    self._tail.append(rest)
        os.close(self._descriptor)

    def text(self, wait: float = 1.0) -> str:
        """What came so far; after the pipe's end, all that was kept."""
        self._thread.join(wait)
        tail = b"".join(self._tail)
        dropped = self._dropped + max(0, len(tail) - 4000)
        text = bytes(self._head).decode("utf-8", "replace")
        if tail:
            text += f"\n… ({dropped:,} bytes left out) …\n" if dropped else ""
            text += tail[-4000:].decode("utf-8", "replace")
        return text


class _SocketWorker:
    """A worker process at the other end of a socket."""

    def __init__(
        self,
        connection: socket.socket,
        output: _Output,
        pid: int,
        submission: Path,
        scratch: Path,
        limits: Limits,
        slowness: float,
        end: Callable[[], int | None],
    ) -> None:
        self._connection = connection
        self._output = output
        self._pid = pid
        self._submission = submission
        self._scratch = scratch
        self._limits = limits
        self._slowness = slowness
        self._end = end
        self.alive = True

    def call(self, call: Call, buffers: list[Any], called: str, resolve: Resolve, patience: float = 1.0) -> Any:
        if not self.alive:
            raise ended(called, "an earlier call of this test had ended it already")
        seconds = self._limits.call_seconds * patience * self._slowness
        deadline = time.monotonic() + seconds
        try:
            for piece in frame_bytes(call, buffers):
                self._connection.settimeout(max(deadline - time.monotonic(), 0.001))
                self._connection.sendall(piece)
            reply, received = read_frame(lambda count: self._read(count, deadline))
            if not isinstance(reply, Reply):
                raise ProtocolError("the worker's answer is no reply")
            if reply.failure is not None:
                raise StudentError(reply.failure, called)
            if reply.value is None:
                raise ProtocolError("the worker's reply has no value")
            return decode(reply.value, received, resolve)
        except TimeoutError:
            where = self._ask_where()
            self._stop()
            raise timed_out(called, seconds, where) from None
        except (EOFError, OSError):
            raise ended(called, _how(self._stop())) from None
        except ProtocolError as error:
            self._stop()
            raise ended(called, str(error)) from None

    def _read(self, count: int, deadline: float) -> bytearray:
        data = bytearray(count)
        view = memoryview(data)
        while view:
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError
            self._connection.settimeout(remaining)
            received = self._connection.recv_into(view)
            if not received:
                raise EOFError
            view = view[received:]
        return data

    def _ask_where(self) -> str:
        """The line that a worker is at, as it says itself: for the message only."""
        if not hasattr(signal, "SIGUSR1"):
            return ""
        with suppress(OSError):
            os.kill(self._pid, signal.SIGUSR1)
            time.sleep(0.1)
            with (self._scratch / WHERE_FILE).open(errors="replace") as file:
                dump = file.read(10_000)
            for path, line, function in re.findall(r'File "([^"\n]+)", line (\d{1,9}) in ([^\n]{1,200})', dump):
                if Path(path).parent == self._submission:
                    return f"{Path(path).name}, line {line}, in {function}"
        return ""

    def _stop(self) -> int | None:
        if not self.alive:
            return None
        self.alive = False
        code = self._end()
        self._connection.close()
        return code

    def failure_of(self, error: BaseException) -> StudentError | None:
        return error if isinstance(error, StudentError) else None

    def close(self) -> None:
        self._stop()

    def printed(self) -> str:
        return self._output.text()


def _how(code: int | None) -> str:
    """An exit status in words."""
    if code is None:
        return "it is not known how it ended"
    if code >= 0:
        return f"exit code {code}, as os._exit({code}) does; code has to return"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    reasons = {
        "SIGSEGV": "a crash in compiled code, SIGSEGV",
        "SIGABRT": "a crash in compiled code, SIGABRT",
        "SIGXCPU": "the limit of processor time, SIGXCPU",
        "SIGXFSZ": "the limit of file sizes, SIGXFSZ",
        "SIGKILL": "SIGKILL, perhaps because memory ran out",
    }
    return reasons.get(name, name)


# ---- fork --------------------------------------------------------------------------------------------------


class ForkLauncher:
    """Forks workers from a server that has torch in memory: milliseconds a worker."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.slowness = 1.0
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._log: Path | None = None
        self._ready = False
        self._scratch: Path | None = None
        self._started = 0

    def start(self) -> None:
        if self._process is not None:
            return
        # Isolated (-I): nothing of the user's environment or of the current folder is imported.
        code = (
            "import sys; sys.path.insert(0, sys.argv[1]); "
            "from grader.sandbox.server import main; main(int(sys.argv[2]))"
        )
        self._scratch = Path(tempfile.mkdtemp(prefix="pset2-"))
        self._log = self._scratch / "server.log"
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-c", code, str(ROOT), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[theirs.fileno()],
                env={**os.environ, **ONE_THREAD},
                cwd=self._scratch,
                start_new_session=True,
            )
        self._control = ours

    def _ask(self, request: Any, answer: type, descriptors: list[int] | None = None) -> Any:
        assert self._control is not None
        try:
            if request is not None:
                socket.send_fds(self._control, [msgspec.msgpack.encode(request)], descriptors or [])
            packet = self._control.recv(1 << 16)
            if packet:
                return msgspec.msgpack.decode(packet, type=answer)
            reason = "it ended"
        except OSError as error:
            reason = str(error)
        log = self._log.read_text(errors="replace")[-2000:] if self._log else ""
        raise SandboxError(f"the sandbox's server doesn't answer: {reason}\n{log}".rstrip())

    def _wait_until_ready(self) -> None:
        self.start()
        if not self._ready:
            assert self._control is not None
            self._control.settimeout(300)
            self.slowness = self._ask(None, Ready).slowness
            self._control.settimeout(60)
            self._ready = True

    def launch(self, submission: Path, seed: int, part: str) -> Worker:
        self._wait_until_ready()
        assert self._scratch is not None
        self._started += 1
        scratch = self._scratch / f"worker-{self._started}"
        scratch.mkdir()
        ours, theirs = socket.socketpair()
        read_end, write_end = os.pipe()
        try:
            settings = Settings(str(submission), str(scratch), seed, self.limits)
            pid = self._ask(Fork(settings), Forked, [theirs.fileno(), write_end]).pid
        finally:
            theirs.close()
            os.close(write_end)
        output = _Output(read_end, self.limits.output_bytes)

        def end() -> int | None:
            code: int | None = self._ask(End(pid), Ended).code
            shutil.rmtree(scratch, ignore_errors=True)
            return code

        return _SocketWorker(ours, output, pid, submission, scratch, self.limits, self.slowness, end)

    def end_test(self) -> None:
        if self._ready:
            self._ask(End(None), Ended)

    def stop(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)
        self._ready = False


# ---- spawn -------------------------------------------------------------------------------------------------


class SpawnLauncher:
    """Starts an interpreter a part, seconds each: the tests of a part share it, and ``fresh`` is a second one."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.slowness = 1.0
        self._free: dict[tuple[Path, str], list[_SpawnedWorker]] = {}
        self._calibrated = False

    def start(self) -> None:
        if not self._calibrated:
            self.slowness = slowness()
            self._calibrated = True

    def launch(self, submission: Path, seed: int, part: str) -> Worker:
        self.start()
        free = self._free.setdefault((submission, part), [])
        while free:
            worker = free.pop()
            if worker.alive:
                return worker.begin()
        for key in [key for key in self._free if key != (submission, part)]:  # tests come part by part
            for worker in self._free.pop(key):
                worker.end()
        return self._spawn(submission, seed, free).begin()

    def _spawn(self, submission: Path, seed: int, free: list[_SpawnedWorker]) -> _SpawnedWorker:
        scratch = Path(tempfile.mkdtemp(prefix="pset2-"))
        token = secrets.token_hex(16)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            process = subprocess.Popen(
                [sys.executable, "-m", "grader.sandbox.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, **ONE_THREAD, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
                cwd=scratch,
            )
            assert process.stdin is not None
            assert process.stdout is not None
            settings = Settings(str(submission), str(scratch), seed, self.limits)
            process.stdin.write(msgspec.json.encode((listener.getsockname()[1], token, settings)) + b"\n")
            process.stdin.close()
            output = _Output(os.dup(process.stdout.fileno()), self.limits.output_bytes)
            listener.settimeout(self.limits.start_seconds * self.slowness)
            try:
                connection, _ = listener.accept()
                connection.settimeout(10)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                said = connection.recv(32, socket.MSG_WAITALL)
            except TimeoutError:
                process.kill()
                raise SandboxError(f"a worker could not be started:\n{output.text()[-2000:]}") from None
        if not hmac.compare_digest(said, hmac.new(token.encode(), b"worker", "sha256").digest()):
            process.kill()
            raise SandboxError("something other than a worker answered on the worker's connection")

        def end() -> int | None:
            code = None
            with suppress(subprocess.TimeoutExpired):  # its own end, if it is ending
                code = process.wait(0.5)
            process.kill()
            code = process.wait() if code is None else code
            assert process.stdout is not None
            process.stdout.close()
            shutil.rmtree(scratch, ignore_errors=True)
            return code

        rest = process.pid, submission, scratch, self.limits, self.slowness, end
        return _SpawnedWorker(connection, output, *rest, free=free)

    def end_test(self) -> None:
        pass

    def stop(self) -> None:
        for workers in self._free.values():
            for worker in workers:
                worker.end()
        self._free.clear()


class _SpawnedWorker(_SocketWorker):
    """A worker that goes back to its part's others after a test."""

    def __init__(self, *args: Any, free: list[_SpawnedWorker]) -> None:
        super().__init__(*args)
        self._free = free
        self._printed = 0

    def begin(self) -> _SpawnedWorker:
        self._printed = len(self._output.text(wait=0))
        return self

    def end(self) -> None:
        self._stop()

    def close(self) -> None:
        if self.alive:
            self._free.append(self)

    def printed(self) -> str:
        return self._output.text(wait=0 if self.alive else 1)[self._printed :]


# ---- in process --------------------------------------------------------------------------------------------


class InProcessLauncher:
    """Runs student code in this process: for ``--pdb`` and ``breakpoint()``, with no limits at all."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits

    def start(self) -> None:
        pass

    def launch(self, submission: Path, seed: int, part: str) -> Worker:
        import torch

        torch.manual_seed(seed)
        return _InProcessWorker(submission)

    def end_test(self) -> None:
        pass

    def stop(self) -> None:
        pass


class _InProcessWorker:
    def __init__(self, submission: Path) -> None:
        self._submission = submission
        self._executor = Executor(submission)
        self._raised: tuple[BaseException, str] | None = None

    def call(self, call: Call, buffers: list[Any], called: str, resolve: Resolve, patience: float = 1.0) -> Any:
        try:
            value: Value
            value, received = self._executor.execute(call, buffers)
        except BaseException as error:  # goes on as it is: a debugger should stop in the student's own frame
            self._raised = (error, called)
            raise
        return decode(value, received, resolve)

    def failure_of(self, error: BaseException) -> StudentError | None:
        if self._raised is None or error is not self._raised[0]:
            return None
        importing = getattr(error, "while_importing", False) is True
        return StudentError(describe(error, self._submission, importing), self._raised[1])

    def close(self) -> None:
        pass

    def printed(self) -> str:
        return ""  # pytest captures what is printed in its own process
