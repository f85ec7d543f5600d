"""Ask the warm server to run a command with this process's files and terminal. This module imports nothing heavy."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from harness import ROOT
from harness.host.server_process import uses_template
from harness.warm.address import address

__all__ = ["Running", "answers", "ask", "run", "start"]

MAX_PACKET = 1 << 20
LARGEST_REQUEST = 100_000
"""The most bytes of a request, which is one packet. Larger requests run without the server."""


class Running:
    """A command that runs in a process of the warm server."""

    def __init__(self, connection: socket.socket, pid: int) -> None:
        self._connection = connection
        self.pid = pid

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the command to end, and pass Ctrl-C on to it.

        Returns:
            The exit code, or minus the number of the signal that ended the process.

        Raises:
            TimeoutError: the command still runs after ``timeout`` seconds.
        """
        self._connection.settimeout(timeout)
        while True:
            try:
                answer = self._connection.recv(MAX_PACKET)
            except KeyboardInterrupt:
                self.send(signal.SIGINT)
                continue
            if not answer:
                return -signal.SIGKILL  # the server was killed, and this with it
            code: int = json.loads(answer)["code"]
            return code

    def send(self, number: int) -> None:
        """Send the process a signal."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def close(self) -> None:
        """Close the connection. A command that still runs is stopped."""
        self._connection.close()


def ask(
    arguments: Sequence[str],
    *,
    path: Path | None = None,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    descriptors: tuple[int, int, int] = (0, 1, 2),
) -> Running | None:
    """Start ``python`` with these arguments on the warm server. Return None if no server can do it.

    Args:
        arguments: ``-m`` and a module, or the path of a script; then its own.
        path: the path of the server's socket; by default that of this user and repository.
        folder: the command's current folder.
        environment: the command's environment; by default this process's.
        descriptors: the command's standard input, output and error.
    """
    path = path or address()
    if path is None or not path.exists() or uses_template():  # it would ask itself
        return None
    if arguments[0].startswith("-") and arguments[0] != "-m":
        return None
    request: dict[str, Any] = {
        "arguments": [*arguments],
        "folder": str(folder or Path.cwd()),
        "environment": dict(os.environ if environment is None else environment),
        "umask": _umask(),
    }
    packet = json.dumps(request).encode()
    if len(packet) > LARGEST_REQUEST:
        return None
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        connection.connect(str(path))
        socket.send_fds(connection, [packet], list(descriptors))
        answer = connection.recv(MAX_PACKET)
    except OSError:
        answer = b""
    if not answer or "pid" not in (begun := json.loads(answer)):
        connection.close()
        return None
    return Running(connection, begun["pid"])


def _umask() -> int:
    """This process's umask. The system can only report it when it is set."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def run(arguments: Sequence[str]) -> int | None:
    """Run ``python`` with these arguments on the warm server. Return its exit code, or None if there is no server."""
    running = ask(arguments)
    if running is None:
        return None
    code = running.wait()
    return code if code >= 0 else 128 - code


def start(wait_seconds: float = 0.0) -> bool:
    """Start a warm server that outlives this process, unless there is one.

    Args:
        wait_seconds: seconds to wait for its imports.

    Returns:
        Whether the server answers by then.
    """
    path = address()
    if path is None:
        return False
    if not answers(path):
        quiet = subprocess.DEVNULL
        command = [sys.executable, "-m", "harness.warm.server"]
        subprocess.Popen(command, cwd=ROOT, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
    ends = time.monotonic() + wait_seconds
    while not (there := answers(path)) and time.monotonic() < ends:
        time.sleep(0.02)
    return there


def answers(path: Path) -> bool:
    """Whether a server listens at this path."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        try:
            connection.connect(str(path))
        except OSError:
            return False
        return True
