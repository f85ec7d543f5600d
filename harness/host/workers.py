"""The host's view of a worker: it sends calls, and gets data, a failure, or no answer in time."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from harness.failure import Failure, StackLine
from harness.host.failures import StudentError, ended, timed_out
from harness.host.timer import Allowance, Timer
from harness.isolation.limits import Limits
from harness.protocol import (
    Call,
    Handle,
    ProtocolError,
    Reply,
    decode,
    frame_bytes,
    read_frame,
    receive,
)
from harness.reports.text import cut
from harness.worker.worker import HERE, WHERE_FILE

MAX_LINE = 10**9
"""The largest line number, since xdist sends it as a 32-bit integer."""

__all__ = [
    "Allowed",
    "Launcher",
    "Output",
    "Resolve",
    "SocketWorker",
    "WithSharedFolder",
    "Worker",
    "WorkerProcess",
    "decoded",
    "is_there",
    "stand_still",
]

Resolve = Callable[[Handle], Any]
Allowed = Callable[[Limits, float], Allowance]
"""A function that gives a call's time, from the worker's limits and the machine's slowness."""

LOOK_SECONDS = 0.25
"""Seconds between two checks of a running worker's files."""
STOP_SECONDS = 5.0
"""Seconds within which a worker must stop after the signal."""


class Worker(Protocol):
    """The interface of a worker, in which student code runs."""

    spent: float
    """Seconds that the worker's calls used, if they are limited."""

    def call(self, call: Call, buffers: list[Any], called: str, resolve: Resolve, allowed: Allowed) -> Any:
        """Carry out a call and return its value. A StudentError says that student code failed."""
        ...

    def failure_of(self, error: BaseException) -> StudentError | None:
        """The student's failure that an exception out of a test is, or None where it is something else."""
        ...

    def close(self) -> None:
        """End the worker."""
        ...

    def printed(self) -> str:
        """The output of student code. It is complete once the worker and its processes have ended."""
        ...


class Launcher(Protocol):
    """The interface of a launcher, which starts workers for submissions."""

    limits: Limits

    @property
    def shared(self) -> Path:
        """A folder for files that tests give workers to read. It exists until :meth:`stop`."""
        ...

    def start(self) -> None:
        """Start to get ready, without waiting."""
        ...

    def launch(self, submission: Path, seed: int, part: str, clean: bool = False) -> Worker:
        """Start a worker for a test of this part, as ``4.1``. A ``clean`` worker never runs student code."""
        ...

    def stop(self) -> None:
        """End all workers."""
        ...


class WithSharedFolder:
    """A base of launchers whose workers have no user ids of their own. It has the folder for files from tests."""

    @cached_property
    def _folder(self) -> tempfile.TemporaryDirectory[str]:
        return tempfile.TemporaryDirectory(prefix="harness-")

    @property
    def shared(self) -> Path:
        return Path(self._folder.name)

    def _remove_shared(self) -> None:
        self._folder.cleanup()
        del self._folder


class Output:
    """Reads a pipe to its end in a thread, and keeps the beginning and the end of what came."""

    TAIL = 4000
    """The number of bytes that are kept from the end of the output."""

    def __init__(self, descriptor: int, keep: int) -> None:
        self._descriptor = descriptor
        self._keep = keep
        self._lock = threading.Lock()
        self.forget()
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def forget(self) -> None:
        """Forget the output so far."""
        with self._lock:
            self._head, self._tail, self._total = b"", b"", 0

    def _drain(self) -> None:
        with suppress(OSError):
            while data := os.read(self._descriptor, 1 << 16):
                with self._lock:
                    self._total += len(data)
                    self._head += data[: self._keep - len(self._head)]
                    self._tail = (self._tail + data)[-self.TAIL :]
        os.close(self._descriptor)

    def text(self, wait: float) -> str:
        """The kept output, after waiting up to ``wait`` seconds for the pipe's end."""
        self._thread.join(wait)
        with self._lock:
            behind = self._total - len(self._head)
            tail = self._tail[-behind:] if behind else b""
            left_out = f"\n… ({behind - len(tail):,} bytes left out) …\n" if behind > len(tail) else ""
            return self._head.decode("utf-8", "replace") + left_out + tail.decode("utf-8", "replace")


def is_there(connection: socket.socket, seconds: float) -> bool:
    """Whether a worker reports in time that it is in its sandbox. If not, student code isn't the cause."""
    connection.settimeout(seconds)
    try:
        return connection.recv(len(HERE)) == HERE
    except OSError:
        return False


def _threads(pid: int) -> int:
    """The number of threads of a process (Linux; elsewhere 0)."""
    with suppress(OSError):
        return os.stat(f"/proc/{pid}/task").st_nlink - 2
    return 0


def _removed_bytes(pid: int) -> int:
    """The bytes of files that a worker has removed but not closed (Linux; elsewhere 0)."""
    size = 0
    with suppress(OSError), os.scandir(f"/proc/{pid}/fd") as entries:
        for entry in entries:
            with suppress(OSError):
                status = entry.stat()
                if stat.S_ISREG(status.st_mode) and status.st_nlink == 0:
                    size += status.st_blocks * 512
    return size


class _TooMuch(Exception):
    """The worker exceeded a limit that the kernel doesn't enforce."""


def stand_still(pid: int) -> bool:
    """Stop a process for now. Return whether it has stopped (Linux; elsewhere this is unknown).

    A busy machine may take a moment to let the process see the signal.
    """
    if not hasattr(signal, "SIGSTOP"):
        return True
    patience = time.monotonic() + STOP_SECONDS
    try:
        os.kill(pid, signal.SIGSTOP)
        while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "TtZX":
            if time.monotonic() > patience:
                return False
            time.sleep(0.0005)
    except OSError:  # it has ended, or there is no /proc
        pass
    return True


@dataclass(frozen=True)
class WorkerProcess:
    """A process that a launcher has started, with the functions that control it."""

    connection: socket.socket
    output: Output
    pid: Callable[[], int]
    scratch: Path
    """The scratch folder, which student code may write."""
    end: Callable[[bool], int | None]
    """A function that ends the process, waits for it if its argument is True, and returns the exit code."""
    watched: Callable[[], Iterable[tuple[Path, int]]] | None = None
    """A function that lists the scratch folders and process ids of a test. Without it, only this process counts."""
    take_turn: Callable[[], bool] = lambda: True
    """A function that stops the other workers of a test, and returns whether they have stopped."""


class SocketWorker:
    """A worker process that is connected by a socket."""

    def __init__(self, process: WorkerProcess, submission: Path, limits: Limits, slowness: float) -> None:
        self._connection = process.connection
        self._output = process.output
        self._pid = process.pid
        self._submission = submission
        self._scratch = process.scratch
        self._limits = limits
        self._slowness = slowness
        self._end = process.end
        self._take_turn = process.take_turn
        self._watched = process.watched or (lambda: ((process.scratch, process.pid()),))
        self.alive = True
        self.spent = 0.0

    def call(self, call: Call, buffers: list[Any], called: str, resolve: Resolve, allowed: Allowed) -> Any:
        if not self.alive:
            raise ended(called, "an earlier call of this test had ended it already")
        timer = Timer(self._pid(), allowed(self._limits, self._slowness))
        others_stand_still = self._take_turn()
        try:
            if not others_stand_still:
                raise _TooMuch("another process of the same test didn't stop when it had answered")
            if not stand_still(self._pid()):
                raise _TooMuch("it was ended because it didn't stop")
            self._look_at_files()  # before it goes on: what it did after its last answer is seen
            self._signal("SIGCONT")
            for piece in frame_bytes(call, buffers):
                self._send(memoryview(piece).cast("B"), timer)
            reply, received = read_frame(lambda count: self._read(count, timer))
            self._signal("SIGSTOP")  # until the next call: a thread that was left behind does no more work
            if not isinstance(reply, Reply):
                raise ProtocolError("the worker's answer is not a reply")
            if reply.failure is not None:
                raise StudentError(_in_bounds(reply.failure), called)
            return decoded(reply, received, resolve)
        except TimeoutError:
            seconds = timer.had
            where = self._ask_where()
            self._stop()
            raise timed_out(called, seconds, where) from None
        except (EOFError, OSError):
            raise ended(called, _how(self._stop())) from None
        except (ProtocolError, _TooMuch) as error:
            self._stop()
            raise ended(called, str(error)) from None
        finally:
            self.spent += timer.spent

    def _signal(self, name: str) -> None:
        """Send the worker a signal, where the platform has it (POSIX)."""
        if hasattr(signal, name):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(self._pid(), getattr(signal, name))

    def _send(self, view: memoryview, timer: Timer) -> None:
        while view:
            if (left := timer.left) <= 0:
                raise TimeoutError
            self._connection.settimeout(min(left, LOOK_SECONDS))
            with suppress(TimeoutError):
                view = view[self._connection.send(view) :]

    def _read(self, count: int, timer: Timer) -> Any:
        return receive(count, lambda view: self._receive(view, timer))

    def _receive(self, view: memoryview, timer: Timer) -> int:
        while not timer.has_ended:
            left = timer.left
            # An answer that has already arrived is accepted, since the grader itself may be late.
            self._connection.settimeout(min(max(left, 0.0), LOOK_SECONDS))
            with suppress(TimeoutError, BlockingIOError):
                return self._connection.recv_into(view)
            if left <= 0:
                break
            self._look_at_files()
        raise TimeoutError

    def _look_at_files(self) -> None:
        """Check the number and total size of files of a test's workers.

        The kernel only limits the size of each file.
        """
        watched = list(self._watched())
        if any(_threads(pid) > self._limits.threads for _, pid in watched):
            raise _TooMuch("it was stopped because it had started too many threads")
        folders, count, size = [scratch for scratch, _ in watched], 0, sum(_removed_bytes(pid) for _, pid in watched)
        try:
            while folders:
                with os.scandir(folders.pop()) as entries:
                    for entry in entries:
                        count += 1
                        with suppress(FileNotFoundError):
                            size += getattr(entry.stat(follow_symlinks=False), "st_blocks", 0) * 512
                        if count > self._limits.scratch_files or size > self._limits.scratch_bytes:
                            raise _TooMuch("it was stopped because it had made too many files, or too large ones")
                        if entry.is_dir(follow_symlinks=False):
                            folders.append(Path(entry.path))
        except FileNotFoundError:
            pass  # removed meanwhile: the next look will see more
        except OSError:
            raise _TooMuch("it was stopped because it had made folders that can't be looked into") from None

    def _ask_where(self) -> list[StackLine]:
        """The line that a worker was running, as it reports itself, for messages only; empty if unknown."""
        if not hasattr(signal, "SIGUSR1"):
            return []
        with suppress(OSError):
            os.kill(self._pid(), signal.SIGUSR1)
            time.sleep(0.1)
            # Student code may have replaced the file, for example by a pipe, which would block the reader.
            flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
            descriptor = os.open(self._scratch / WHERE_FILE, flags)
            try:
                regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
                dump = os.read(descriptor, 10_000).decode(errors="replace") if regular else ""
            finally:
                os.close(descriptor)
            for path, line, function in re.findall(r'File "([^"\n]+)", line (\d{1,9}) in ([^\n]{1,200})', dump):
                if Path(path).parent == self._submission:
                    return [StackLine(Path(path).name, int(line), function, "")]
        return []

    def _stop(self, wait: bool = True) -> int | None:
        """End the worker. Return how it ended, if ``wait`` is set."""
        if not self.alive:
            return None
        self.alive = False
        code = self._end(wait)
        self._connection.close()
        return code

    def failure_of(self, error: BaseException) -> StudentError | None:
        return error if isinstance(error, StudentError) else None

    def close(self) -> None:
        self._stop(wait=False)

    def printed(self) -> str:
        return self._output.text(wait=1.0)


def _in_bounds(failure: Failure) -> Failure:
    """Cut a failure to the form of an honest worker.

    A hostile one may send megabytes of text, or the grader's own kinds.
    """
    stack = [
        StackLine(cut(line.file, 200), max(0, min(line.line, MAX_LINE)), cut(line.function, 200), cut(line.code, 2100))
        for line in failure.stack[:10]
    ]
    kind = failure.kind if failure.kind in ("not implemented", "missing", "import") else "exception"
    return Failure(kind, cut(failure.type_name, 200), cut(failure.message, 2100), stack)


def decoded(reply: Reply, buffers: list[Any], resolve: Resolve) -> Any:
    """Decode the value of a reply.

    Raises:
        ProtocolError: the reply is one that no honest worker sends.
    """
    if reply.value is None:
        raise ProtocolError("the worker's reply has no value")
    try:
        return decode(reply.value, buffers, resolve)
    except Exception as error:  # NumPy and torch refuse odd dtypes and shapes with exceptions of many kinds
        raise ProtocolError("the worker's answer is not in the protocol") from error


def _how(code: int | None) -> str:
    """Describe an exit status in words."""
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
