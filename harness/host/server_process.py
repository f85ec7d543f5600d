"""Start the process of the fork server (Linux). This module imports nothing heavy.

The server imports torch, which takes as long as the rest of a short grading. So a command starts the server first, with
:func:`start_early`, and imports torch itself at the same time.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from harness import ROOT

__all__ = [
    "ONE_THREAD",
    "ForkedServer",
    "ServerProcess",
    "start",
    "start_early",
    "start_template",
    "started_early",
    "template",
    "use_template",
]

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""The environment of processes in which student code runs."""
HUGE_HEAP = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
"""An environment setting that lets malloc use huge pages from the start (glibc 2.35 and later)."""
KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES")
#: Isolated mode (-I) imports nothing from the user's environment or the current folder. Garbage collection is off at
#: first, because it takes a fifth of torch's import time and finds little.
CODE = (
    "import gc, sys; gc.disable(); sys.path.insert(0, sys.argv[1]); from harness.worker.server import main, template; "
)
MAIN = CODE + "main(int(sys.argv[2]), *sys.argv[3:])"
TEMPLATE = CODE + "template(int(sys.argv[2]))"


class ForkedServer:
    """A server that a template has forked. It isn't a child of this process, but this process can wait for it.

    Args:
        pid: the server's process id.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        try:
            self._descriptor: int | None = os.pidfd_open(pid)
        except ProcessLookupError:
            self._descriptor = None

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the server has ended.

        Raises:
            subprocess.TimeoutExpired: the server still runs after ``timeout`` seconds.
        """
        if self._descriptor is not None:
            if not select.select([self._descriptor], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(f"server {self.pid}", timeout or 0.0)
            os.close(self._descriptor)
            self._descriptor = None

    def kill(self) -> None:
        if self._descriptor is not None:
            signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)


@dataclass(frozen=True)
class ServerProcess:
    """A started server, which may not be ready yet. It ends by itself when ``control`` is closed."""

    process: subprocess.Popen[bytes] | ForkedServer
    control: socket.socket
    scratch: Path
    """The folder for the scratch folders of the server and its workers. The server removes it."""

    @property
    def log(self) -> Path:
        """The file with the server's output, for fault reports."""
        return self.scratch / "server.log"


def start(device: str = "cpu", without: tuple[str, ...] = ()) -> ServerProcess:
    """Start a server.

    Args:
        device: the device of its workers, as ``cuda``.
        without: layers of the sandbox to leave out, see :mod:`harness.isolation.sandbox`: for tests of the others.
    """
    scratch = Path(tempfile.mkdtemp(prefix="harness-"))
    scratch.chmod(0o711)  # workers may be other users: they know their own folders and can't list the rest
    (scratch / "shared").mkdir()
    with _connection() as (ours, theirs), (scratch / "server.log").open("wb") as log:
        if _template is not None and device == "cpu" and not without:
            forked = _forked(_template, scratch, ours, theirs, log.fileno())
            if forked is not None:
                return ServerProcess(forked, ours, scratch)
        process = _started(MAIN, theirs, str(scratch), *without, device=device, folder=scratch, log=log)
    return ServerProcess(process, ours, scratch)


def start_template() -> socket.socket:
    """Start a process that imports what servers need, and return the connection that :func:`use_template` takes.

    It ends when the connection is closed everywhere. Its output is dropped. If it fails, :func:`start` starts servers
    without it, and their logs say why.
    """
    with _connection() as (ours, theirs):
        _started(TEMPLATE, theirs, device="cpu", folder=Path("/"), log=subprocess.DEVNULL)
    return ours


_template: socket.socket | None = None


def use_template(requests: socket.socket) -> None:
    """Let a template fork the servers of this process from now on."""
    global _template
    _template = requests


@contextmanager
def template() -> Iterator[None]:
    """Let a template fork the servers of this process until the context ends, if none does so already."""
    global _template
    if _template is not None:
        yield
        return
    with start_template() as _template:
        try:
            yield
        finally:
            _template = None


def uses_template() -> bool:
    """Whether a template forks the servers of this process, as in a warm server."""
    return _template is not None


def _forked(
    requests: socket.socket, scratch: Path, ours: socket.socket, theirs: socket.socket, log: int
) -> ForkedServer | None:
    """Let the template fork a server. Return None if the template has ended."""
    import msgspec

    try:
        socket.send_fds(requests, [msgspec.msgpack.encode({"scratch": str(scratch)})], [theirs.fileno(), log])
        theirs.close()
        pid = ours.recv(8)
    except OSError:
        pid = b""
    return ForkedServer(int.from_bytes(pid, "little")) if pid else None


@contextmanager
def _connection() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A pair of sockets. The second one is closed at the end of the context, after it was passed on."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        yield ours, theirs


def _started(
    code: str, theirs: socket.socket, *arguments: str, device: str, folder: Path, log: IO[bytes] | int
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-c", code, str(ROOT), str(theirs.fileno()), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        pass_fds=[theirs.fileno()],
        env={**_environment(device), **ONE_THREAD, **HUGE_HEAP},
        cwd=folder,
        start_new_session=True,
    )


def _environment(device: str) -> dict[str, str]:
    """The environment of a server, without tokens or passwords of the user, and without a GPU unless one is wanted."""
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    return environment if device.startswith("cuda") else {**environment, "CUDA_VISIBLE_DEVICES": ""}


_early: list[ServerProcess] = []


def start_early() -> None:
    """Start a server for the first launcher that needs one. If none does, the server ends with this process."""
    if sys.platform == "linux" and not _early:
        _early.append(start())


def started_early() -> ServerProcess | None:
    """Return the server that was started early, to the first caller only."""
    return _early.pop() if _early else None
