"""The fork server: it imports torch once, and then forks a worker for each request (Linux).

It is started with one thread for every numeric library *before* torch is imported: a process that forks while it
has threads leaves locks behind that nobody opens, and its children hang. It runs no student code, imports nothing
of the grader but what a worker needs, and never touches CUDA.

Each request is one packet on a socket, and so is its answer. A fork request carries two descriptors: the worker's
connection, and the pipe for its output. When the grader closes the socket or is killed, the server ends its workers,
removes their folders, and ends.
"""

from __future__ import annotations

import gc
import importlib
import math
import os
import signal
import socket
import sys
import tempfile
import warnings
from contextlib import suppress
from itertools import cycle
from pathlib import Path

import msgspec
import numpy as np
import torch
from torch.nn import functional

from harness.isolation.huge_pages import collapse
from harness.isolation.limits import slowness
from harness.isolation.sandbox import Sandbox, detect_layers, kill_user, remove_tree, sweep_files
from harness.isolation.seccomp import prctl
from harness.problem import problem
from harness.worker.worker import Settings, run

__all__ = ["End", "Ended", "Failed", "Fork", "Forked", "Ready", "Serve", "Sweep"]


class Fork(msgspec.Struct, tag=True):
    """A request to fork a worker."""

    settings: Settings
    preload: tuple[str, ...] = ()
    """Modules that the server imports first, once for all later workers."""


class End(msgspec.Struct, tag=True):
    """A request to end a worker, and to remove its processes and its folder."""

    pid: int
    scratch: str


class Sweep(msgspec.Struct, tag=True):
    """A request to remove a worker's files from folders that everybody can write."""

    pid: int


class Serve(msgspec.Struct):
    """A request to a template for a server with this folder. The descriptors are its connection and its log."""

    scratch: str


class Failed(msgspec.Struct, tag=True):
    """The answer that no worker could be forked."""

    reason: str


class Ready(msgspec.Struct, tag=True):
    """The server's first message: torch is imported."""

    slowness: float
    sandbox: Sandbox


class Forked(msgspec.Struct, tag=True):
    pid: int


class Ended(msgspec.Struct, tag=True):
    """The answer to :class:`End`: the worker's exit code, or minus the number of a signal; None if unknown."""

    code: int | None


MAX_PACKET = 1 << 16
FORKS = 100
"""The number of forks after which more are expected, as for a class. One grading needs fewer, and making pages huge
takes about as long as it saves in a hundred forks.
"""
PR_SET_CHILD_SUBREAPER = 36


def main(control_fd: int, scratch: str, *without: str) -> None:
    """Answer requests until the grader closes the connection.

    Args:
        scratch: the folder for the workers' scratch folders.
        without: layers of the sandbox to leave out, see :mod:`harness.isolation.sandbox`.
    """
    _warm_up()
    _Server(socket.socket(fileno=control_fd), Path(scratch), without).serve()


def template(requests_fd: int) -> None:
    """Fork a server for each :class:`Serve`, and write its process id as eight bytes to its own connection.

    These servers have torch in memory at once. This process never learns of a submission, so nothing can pass from one
    server to the next.
    """
    requests = socket.socket(fileno=requests_fd)
    _warm_up()
    _preload(tuple(name for module in problem().module for name in module.preload))
    _begin_to_collect()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the servers
    while True:
        packet, descriptors, _, _ = socket.recv_fds(requests, MAX_PACKET, 2)
        if not packet:
            os._exit(0)
        control, log = descriptors
        pid = os.fork()
        if pid:
            with suppress(OSError), socket.socket(fileno=control) as connection:
                connection.send(pid.to_bytes(8, "little"))
            os.close(log)
            continue
        requests.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        for standard in (1, 2):
            os.dup2(log, standard)
        os.close(log)
        scratch = Path(msgspec.msgpack.decode(packet, type=Serve).scratch)
        os.chdir(scratch)
        _Server(socket.socket(fileno=control), scratch, ()).serve()


class _Server:
    def __init__(self, control: socket.socket, scratch: Path, without: tuple[str, ...]) -> None:
        self._control = control
        self._scratch = scratch
        prctl(PR_SET_CHILD_SUBREAPER, 1)  # processes that a worker leaves behind come to this one
        self._sandbox = detect_layers(scratch, without)
        self._users = cycle(self._sandbox.users) if self._sandbox.users else None
        self._live: dict[int, int | None] = {}
        """The running workers by process id, each with its user id if it has one of its own."""
        self._forks_left: float = FORKS
        """The number of forks until memory is put into huge pages. Afterwards it is infinite, until something is
        imported.
        """

    def serve(self) -> None:
        self._say(Ready(slowness(), self._sandbox))
        _begin_to_collect()
        decoder = msgspec.msgpack.Decoder(Fork | End | Sweep)
        while True:
            packet, descriptors = b"", list[int]()
            with suppress(OSError):
                packet, descriptors, _, _ = socket.recv_fds(self._control, MAX_PACKET, 2)
            if not packet:
                self._leave()
            request = decoder.decode(packet)
            if isinstance(request, Fork):
                if _preload(request.preload):
                    self._forks_left = FORKS
                self._make_forks_cheap()
                answer: Forked | Failed | Ended = self._fork(descriptors, request.settings)
            elif isinstance(request, Sweep):
                if (user := self._live.get(request.pid)) is not None:
                    sweep_files(user)
                answer = Ended(None)
            else:
                answer = self._end(request)
            self._say(answer)

    def _say(self, answer: Ready | Forked | Failed | Ended) -> None:
        try:
            self._control.send(msgspec.msgpack.encode(answer))
        except OSError:  # nobody is there any more
            self._leave()

    def _make_forks_cheap(self) -> None:
        """Put memory into huge pages after many forks, while no worker runs that would keep the old pages."""
        self._forks_left -= 1
        if self._forks_left < 0 and not self._live:
            with suppress(OSError):
                collapse()
            self._forks_left = math.inf

    def _fork(self, descriptors: list[int], settings: Settings) -> Forked | Failed:
        connection, output = descriptors
        user = next(self._users) if self._users else None
        if user is not None:
            os.chown(settings.scratch, user, user)
        try:
            pid = os.fork()
        except OSError as error:  # no more processes, or no memory
            pid, reason = -1, str(error)
        if pid:
            os.close(connection)
            os.close(output)
            if pid < 0:
                return Failed(reason)
            self._live[pid] = user
            return Forked(pid)
        try:
            os.setsid()
            os.dup2(output, 1)
            os.dup2(output, 2)
            own = socket.socket(fileno=os.dup2(connection, 3))
            os.closerange(4, os.sysconf("SC_OPEN_MAX"))
            sys.stdout = open(1, "w", encoding="utf-8", errors="replace", buffering=1, closefd=False)  # noqa: SIM115
            sys.stderr = open(2, "w", encoding="utf-8", errors="replace", buffering=1, closefd=False)  # noqa: SIM115
            tempfile.tempdir = None  # to be looked up anew
            os.environ.clear()
            os.environ.update(_KEPT, HOME=settings.scratch, TMPDIR=settings.scratch, USER="student")
            run(own, settings, self._sandbox, user)
        except BaseException as error:
            os.write(2, f"a worker could not be started: {error!r}\n".encode(errors="replace"))
        finally:
            os._exit(70)

    def _end(self, request: End) -> Ended:
        ended = Ended(None)
        user = self._live.pop(request.pid, None)
        for kill in (os.killpg, os.kill):
            with suppress(ProcessLookupError, PermissionError):
                kill(request.pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            _, status = os.waitpid(request.pid, 0)
            ended = Ended(os.waitstatus_to_exitcode(status))
        self._end_orphans(user)
        remove_tree(Path(request.scratch))
        if user is not None and not self._sandbox.landlock:
            sweep_files(user)
        return ended

    def _end_orphans(self, user: int | None) -> None:
        """End the processes that a worker left behind. Orphans become children of this process."""
        while orphans := [pid for pid in _children() if pid not in self._live]:
            if user is not None:
                kill_user(user)
            for pid in orphans:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            for pid in orphans:
                with suppress(ChildProcessError):
                    os.waitpid(pid, 0)

    def _leave(self) -> None:
        for pid in list(self._live):
            self._end(End(pid, str(self._scratch)))
        remove_tree(self._scratch)
        os._exit(0)


_KEPT = dict(os.environ)
"""The environment that the launcher gave this process, without the user's own variables."""


def _warm_up() -> None:
    """Import what every worker needs, and do things once that are slow the first time, for all workers.

    No backward pass is run: the first one looks for GPUs, and a GPU driver then starts a thread, even if the
    environment hides all GPUs.
    """
    for name in problem().problem.warm_up:
        importlib.import_module(name)
    # On a machine with a GPU, a worker's first backward pass warns that it can't reach the driver. The sandbox intends
    # that, and the warning is no output of the student's.
    warnings.filterwarnings("ignore", "CUDA initialization")
    np.random.seed(0)
    torch.manual_seed(0)
    weight = torch.zeros(4, 3, 3, 3, requires_grad=True)
    functional.cross_entropy(functional.conv2d(torch.zeros(2, 3, 8, 8), weight).mean((2, 3)), torch.tensor([0, 1]))
    _assert_one_thread()


def _preload(modules: tuple[str, ...]) -> bool:
    """Import modules. Return whether any of them was new."""
    new = [name for name in modules if name not in sys.modules]
    if new:
        gc.disable()
        for name in new:
            with suppress(ImportError):  # then student code meets it, where it is its own affair
                importlib.import_module(name)
        _assert_one_thread()
        _begin_to_collect()
    return any(name in sys.modules for name in new)


def _begin_to_collect() -> None:
    """Start garbage collection, but exclude existing objects: collecting them would copy a worker's shared pages."""
    gc.freeze()
    gc.enable()


def _assert_one_thread() -> None:
    if torch.cuda.is_initialized():  # its context does not survive a fork
        raise RuntimeError("the fork server has initialised CUDA, and its workers could not use it")
    threads = len(os.listdir("/proc/self/task"))
    if threads != 1:
        raise RuntimeError(f"the fork server has {threads} threads and can't fork safely")


def _children() -> list[int]:
    with open(f"/proc/self/task/{os.getpid()}/children") as file:
        return [int(pid) for pid in file.read().split()]


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
