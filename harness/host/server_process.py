"""The process of the fork server: how it is started (Linux). Nothing heavy is imported for that.

The server imports torch, which takes as long as all else that a short grading does. A command that will need it starts
it first, with :func:`start_early`, and imports torch itself meanwhile.
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
    "use_template",
]

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""The environment of processes in which student code runs."""
HUGE_HEAP = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
"""A setting for a server's environment: what malloc takes is made of huge pages from the beginning (glibc 2.35 and
later)."""
KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES")
#: Isolated (-I): nothing of the user's environment or of the current folder is imported. Looking for garbage while
#: torch is imported takes a fifth of the time and finds little: the server begins with it later.
CODE = (
    "import gc, sys; gc.disable(); sys.path.insert(0, sys.argv[1]); from harness.worker.server import main, template; "
)
MAIN = CODE + "main(int(sys.argv[2]), *sys.argv[3:])"
TEMPLATE = CODE + "template(int(sys.argv[2]))"


class ForkedServer:
    """The process of a server that a template has forked: no child of this one, but it can be waited for.

    Args:
        pid: its process id.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        try:
            self._descriptor: int | None = os.pidfd_open(pid)
        except ProcessLookupError:
            self._descriptor = None

    def wait(self, timeout: float | None = None) -> None:
        """Wait until it has ended.

        Raises:
            subprocess.TimeoutExpired: it hasn't after so many seconds.
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
    """A server that was started, and may not be ready yet. It ends by itself when ``control`` is closed."""

    process: subprocess.Popen[bytes] | ForkedServer
    control: socket.socket
    scratch: Path
    """The folder in which it and its workers have theirs; the server removes it."""

    @property
    def log(self) -> Path:
        """The file with what it printed, for faults."""
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

    It ends when nobody has the connection any more.
    """
    with _connection() as (ours, theirs):
        _started(TEMPLATE, theirs, device="cpu", folder=Path("/"), log=None)
    return ours


_template: socket.socket | None = None


def use_template(requests: socket.socket) -> None:
    """From now on servers of this process are forked from a template that is ready."""
    global _template
    _template = requests


def uses_template() -> bool:
    """Whether this process is one of a warm server."""
    return _template is not None


def _forked(
    requests: socket.socket, scratch: Path, ours: socket.socket, theirs: socket.socket, log: int
) -> ForkedServer | None:
    """A server of the template's, or None where the template has ended."""
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
    """A pair of sockets of which the second one is closed after it has been handed on."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        yield ours, theirs


def _started(
    code: str, theirs: socket.socket, *arguments: str, device: str, folder: Path, log: IO[bytes] | None
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
    """The environment of a server: no token or password of who grades, and no GPU unless one is meant."""
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    return environment if device.startswith("cuda") else {**environment, "CUDA_VISIBLE_DEVICES": ""}


_early: list[ServerProcess] = []


def start_early() -> None:
    """Start a server for the first launcher that needs one like this. If none does, it ends with this process."""
    if sys.platform == "linux" and not _early:
        _early.append(start())


def started_early() -> ServerProcess | None:
    """The server that was started early, once."""
    return _early.pop() if _early else None
