"""The process of the fork server: how it is started (Linux). Nothing heavy is imported for that.

The server imports torch, which takes as long as all else that a short grading does. A command that will need it starts
it first, with :func:`start_early`, and imports torch itself meanwhile.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from harness import ROOT

__all__ = ["ONE_THREAD", "ServerProcess", "start", "start_early", "started_early"]

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""The environment of processes in which student code runs."""
HUGE_HEAP = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
"""A setting for a server's environment: what malloc takes is made of huge pages from the beginning (glibc 2.35 and
later)."""
KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES")
#: Isolated (-I): nothing of the user's environment or of the current folder is imported. Looking for garbage while
#: torch is imported takes a fifth of the time and finds little: the server begins with it later.
CODE = (
    "import gc, sys; gc.disable(); sys.path.insert(0, sys.argv[1]); "
    "from harness.worker.server import main; main(int(sys.argv[2]), *sys.argv[3:])"
)


@dataclass(frozen=True)
class ServerProcess:
    """A server that was started, and may not be ready yet. It ends by itself when ``control`` is closed."""

    process: subprocess.Popen[bytes]
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
        without: layers of the wall to leave out, see :mod:`harness.isolation.wall`: for tests of the others.
    """
    scratch = Path(tempfile.mkdtemp(prefix="harness-"))
    scratch.chmod(0o711)  # workers may be other users: they know their own folders and can't list the rest
    (scratch / "shared").mkdir()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs, (scratch / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-I", "-c", CODE, str(ROOT), str(theirs.fileno()), str(scratch), *without],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[theirs.fileno()],
            env={**_environment(device), **ONE_THREAD, **HUGE_HEAP},
            cwd=scratch,
            start_new_session=True,
        )
    return ServerProcess(process, ours, scratch)


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
