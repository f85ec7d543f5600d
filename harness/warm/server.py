"""The warm server's process: ``python -m harness.warm.server``."""

from __future__ import annotations

import gc
import json
import os
import runpy
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout, suppress
from importlib import import_module
from io import StringIO
from pathlib import Path
from typing import Any

from harness import ROOT
from harness.base.lock import lock
from harness.base.quick_exit import quick_exit
from harness.host.server_process import start_template, use_template
from harness.warm.address import address, code_digest, startup_variables
from harness.warm.client import answers

__all__ = ["main"]

IDLE_SECONDS = 600.0
"""Seconds without a request after which a server ends."""
LOOK_SECONDS = 30.0
MAX_PACKET = 1 << 20
IMPORTED = ("harness.cli", "harness.fixtures", "harness.grading", "harness.host.fork", "harness.submission.gather")
"""The modules that a grading imports, without pytest plugins: pytest imports those itself, and warns if it can't."""


def main(path: Path | None = None, *others: str, idle_seconds: float = IDLE_SECONDS) -> None:
    """Answer requests until the server has been idle for ``idle_seconds`` or the code has changed.

    Args:
        path: the path of the socket; by default that of this user and repository.
        others: further modules to import.
    """
    path = path or address()
    if path is None or answers(path):
        return
    digest, variables = code_digest(), startup_variables(os.environ)
    requests = start_template()
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # it would start threads when numpy is imported
    for name in (*IMPORTED, *others):
        import_module(name)
    from harness.forked_run import can_fork  # only now: it imports torch

    _use_once()
    gc.collect()
    gc.freeze()  # a forked process would copy the memory that it looks through
    if not can_fork():
        raise RuntimeError("something that was imported has started a thread, and this process could not fork safely")
    with lock(path.with_suffix(".lock"), wait=True):
        if answers(path):  # another one that was started at the same time
            return
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener.bind(str(path))
        listener.listen(16)
    connection = _next(listener, digest, idle_seconds)
    if connection is None:
        path.unlink(missing_ok=True)
        return
    listener.close()
    asked_for = _attend(connection, requests, variables)
    asked_for()


def _use_once() -> None:
    """Do things once that are slow the first time: read the tests and a command's options, import pytest's parts."""
    import pytest
    from typer.testing import CliRunner

    from harness.cli import app_for
    from harness.grading import PLUGINS

    CliRunner().invoke(app_for("grade"), ["grade", os.devnull])
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        pytest.main([*PLUGINS, "--version"])


def _next(listener: socket.socket, digest: str, idle_seconds: float) -> socket.socket | None:
    """Wait for requests, and fork a process for each.

    Returns:
        In the forked process: the connection of the request. In the server: None, once it was idle for too long or its
        code has changed.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asks hands Ctrl-C on
    for number in (signal.SIGTERM, signal.SIGHUP):  # what was used once has taken them for Ctrl-C
        signal.signal(number, signal.SIG_DFL)
    listener.settimeout(min(LOOK_SECONDS, idle_seconds))
    asked = time.monotonic()
    at_work: set[int] = set()
    while at_work or time.monotonic() - asked < idle_seconds:
        at_work -= {pid for pid in at_work if os.waitpid(pid, os.WNOHANG)[0]}
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        asked = time.monotonic()
        if code_digest() != digest:
            break
        pid = os.fork()
        if not pid:
            return connection
        at_work.add(pid)
        connection.close()
    return None


def _attend(connection: socket.socket, requests: socket.socket, variables: dict[str, str]) -> Callable[[], None]:
    """Fork once more, and report to the client how the new process ended.

    Returns:
        In the new process: the request. The calling process waits for the new one, and ends.
    """
    packet, descriptors, _, _ = socket.recv_fds(connection, MAX_PACKET, 3)
    request = json.loads(packet) if packet else {}
    _, user, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    if not request or user != os.getuid() or startup_variables(request["environment"]) != variables:
        with suppress(OSError):
            connection.send(b"{}")
        os._exit(0)
    pid = os.fork()
    if pid == 0:
        connection.close()
        _become(request, descriptors)
        use_template(requests)
        return lambda: _run(request["arguments"])
    for descriptor in descriptors:
        os.close(descriptor)
    requests.close()
    with suppress(OSError):
        connection.send(json.dumps({"pid": pid}).encode())
    ended = os.pidfd_open(pid)
    gone = connection.fileno()
    while not select.select([ended], [], [], 0)[0]:
        ready, _, _ = select.select([ended, gone], [], [])
        if ended not in ready:  # who asked has gone
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            select.select([ended], [], [])
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with suppress(OSError):
        connection.send(json.dumps({"code": code}).encode())
    os._exit(0)


def _become(request: dict[str, Any], descriptors: list[int]) -> None:
    """Take over the client's files, folder and environment."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for standard, descriptor in enumerate(descriptors):
        os.dup2(descriptor, standard)
        os.close(descriptor)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    lines = 1 if os.isatty(1) or request["environment"].get("PYTHONUNBUFFERED") else -1
    sys.stdout = open(1, "w", lines, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False, buffering=1)  # noqa: SIM115
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]
    os.umask(request["umask"])
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    _draw_anew()


def _draw_anew() -> None:
    """Reseed the random generators, so that two processes of one server draw different numbers."""
    import numpy as np
    import torch

    np.random.seed()
    torch.seed()


def _run(arguments: list[str]) -> None:
    """Run a module or script as ``python`` does with these arguments."""
    what, *rest = arguments
    with quick_exit():
        if what == "-m":
            sys.path[0] = os.getcwd()
            sys.path.insert(1, str(ROOT))
            sys.argv = rest
            runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        else:
            sys.path[0] = str(Path(what).resolve().parent)
            sys.argv = arguments
            runpy.run_path(what, run_name="__main__")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None, *sys.argv[2:])
