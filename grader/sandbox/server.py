"""The fork server: imports torch once and then forks a worker for each request (Linux).

It is started with one thread for every numeric library *before* torch is imported: a process that forks while it
has threads leaves locks behind that nobody opens, and its children hang. It runs no student code, imports nothing
of the grader but what a worker needs, and never touches CUDA.

Requests come as packets on a socket, each answered by one packet; a fork request brings two descriptors along, the
worker's connection and the pipe that its output goes to.
"""

from __future__ import annotations

import gc
import importlib
import os
import signal
import socket
import sys
from contextlib import suppress

import msgspec

from grader.sandbox.limits import slowness
from grader.sandbox.worker import Settings, run

__all__ = ["End", "Ended", "Fork", "Forked", "Ready"]


class Fork(msgspec.Struct, tag=True):
    """Fork a worker."""

    settings: Settings
    preload: tuple[str, ...] = ()
    """modules to import before, in the server: once for all workers that follow"""


class End(msgspec.Struct, tag=True):
    """End this worker; without one, every process that is left of any worker, daemons included."""

    pid: int | None


class Ready(msgspec.Struct, tag=True):
    """The server's first word: torch is there."""

    slowness: float


class Forked(msgspec.Struct, tag=True):
    pid: int


class Ended(msgspec.Struct, tag=True):
    """How a worker ended: its exit code, or minus the number of a signal; None where it isn't known."""

    code: int | None


MAX_PACKET = 1 << 16


def main(control_fd: int) -> None:
    control = socket.socket(fileno=control_fd)
    _die_with_parent()
    _adopt_orphans()
    import course.datasets
    import course.layers
    import course.models
    import course.trainer  # noqa: F401

    _assert_one_thread()
    control.send(msgspec.msgpack.encode(Ready(slowness())))
    gc.freeze()  # what is here now stays, so that a worker's collections don't copy its pages
    decoder = msgspec.msgpack.Decoder(Fork | End)
    while True:
        packet, descriptors, _, _ = socket.recv_fds(control, MAX_PACKET, 2)
        if not packet:
            _kill_children()
            os._exit(0)
        request = decoder.decode(packet)
        if isinstance(request, Fork):
            _preload(request.preload)
        answer = _fork(control, descriptors, request.settings) if isinstance(request, Fork) else _end(request)
        control.send(msgspec.msgpack.encode(answer))


def _preload(modules: tuple[str, ...]) -> None:
    new = [name for name in modules if name not in sys.modules]
    for name in new:
        with suppress(ImportError):  # then student code meets it, where it is its own affair
            importlib.import_module(name)
    if new:
        _assert_one_thread()
        gc.freeze()


def _assert_one_thread() -> None:
    threads = len(os.listdir("/proc/self/task"))
    if threads != 1:
        raise RuntimeError(f"the fork server has {threads} threads and can't fork safely")


def _fork(control: socket.socket, descriptors: list[int], settings: Settings) -> Forked:
    connection, output = descriptors
    pid = os.fork()
    if pid:
        os.close(connection)
        os.close(output)
        return Forked(pid)
    try:
        os.setsid()
        _die_with_parent()
        control.close()
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        own = socket.socket(fileno=os.dup2(connection, 3))
        os.closerange(4, 4096)
        sys.stdout = open(1, "w", encoding="utf-8", errors="replace", buffering=1, closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", errors="replace", buffering=1, closefd=False)  # noqa: SIM115
        _clean_environment(settings)
        run(own, settings)
    finally:
        os._exit(70)


def _clean_environment(settings: Settings) -> None:
    keep = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TZ") if name in os.environ}
    os.environ.clear()
    os.environ.update(keep, HOME=settings.scratch, TMPDIR=settings.scratch)


def _end(request: End) -> Ended:
    if request.pid is None:
        _kill_children()
        return Ended(None)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(request.pid, signal.SIGKILL)
    with suppress(ChildProcessError):
        _, status = os.waitpid(request.pid, 0)
        return Ended(os.waitstatus_to_exitcode(status))
    return Ended(None)


def _kill_children() -> None:
    """Kill until there is no child left. Orphans come to this process, so daemons are found as well."""
    while children := _children():
        for pid in children:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        for pid in children:
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)


def _children() -> list[int]:
    with open(f"/proc/self/task/{os.getpid()}/children") as file:
        return [int(pid) for pid in file.read().split()]


def _prctl(option: int, value: int) -> None:
    import ctypes

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _die_with_parent() -> None:
    _prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _adopt_orphans() -> None:
    _prctl(36, 1)  # PR_SET_CHILD_SUBREAPER


if __name__ == "__main__":
    main(int(sys.argv[1]))
