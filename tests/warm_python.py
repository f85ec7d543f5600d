"""A Python that has imported everything already, for tests of commands."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

from harness.warm import client

__all__ = ["WarmPython", "end_all_with", "without_pytest"]


def without_pytest(**more: str) -> dict[str, str]:
    """This process's environment without the variables of an outer pytest."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COLUMNS"))}
    return {**kept, "COLUMNS": "100", "NO_COLOR": "1", **more}


def end_all_with(setting: str) -> None:
    """End the processes with this setting in their environment, as ``NAME=value`` (Linux)."""
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if setting.encode() in (entry / "environ").read_bytes().split(b"\0"):
                os.kill(int(entry.name), signal.SIGKILL)


class WarmPython:
    """Runs ``python`` commands in a copy of the repository, if possible in processes that a warm server forks.

    Args:
        root: the copy.
        others: further modules that the server imports.
    """

    def __init__(self, root: Path, *others: str) -> None:
        self.root = root
        self._others = others
        self._folder = TemporaryDirectory(prefix="harness-test-")  # the paths of sockets are short
        self._process: subprocess.Popen[bytes] | None = None
        self._first_environment = self.environment()  # that of a test may be another one

    @property
    def socket(self) -> Path | None:
        """The path of the server's socket. The server is started if needed, and ends after ten idle minutes."""
        if sys.platform != "linux":
            return None
        path = Path(self._folder.name, "socket")
        if self._process is None or self._process.poll() is not None:
            command = [sys.executable, "-m", "harness.warm.server", str(path), *self._others]
            self._process = subprocess.Popen(command, cwd=self.root, env=self._first_environment)
            while not path.exists():
                assert self._process.poll() is None, "the warm server ended"
                time.sleep(0.05)
        return path

    def environment(self) -> dict[str, str]:
        """The environment of the commands."""
        path = [str(self.root), *filter(None, [os.environ.get("PYTHONPATH")])]
        return without_pytest(PYTHONPATH=os.pathsep.join(path))

    def __call__(
        self, *arguments: str | Path, cwd: Path | None = None, stdin: str = "", timeout: float = 400
    ) -> subprocess.CompletedProcess[str]:
        """Run a command. Return its output and its exit code."""
        words, folder, environment = [*map(str, arguments)], cwd or self.root, self.environment()
        with TemporaryFile() as given, TemporaryFile() as out, TemporaryFile() as err:
            given.write(stdin.encode())
            given.seek(0)
            files = (given.fileno(), out.fileno(), err.fileno())
            running = None
            if folder == self.root and (path := self.socket) is not None:  # in another copy other code is meant
                running = client.ask(words, path=path, folder=folder, environment=environment, descriptors=files)
            if running is not None:
                code = running.wait(timeout)
            else:
                command = [sys.executable, *words]
                environment = environment if folder == self.root else without_pytest()
                code = subprocess.run(
                    command, cwd=folder, stdin=given, stdout=out, stderr=err, timeout=timeout, env=environment
                ).returncode
            texts = []
            for file in (out, err):
                file.seek(0)
                texts.append(file.read().decode())
        return subprocess.CompletedProcess(words, code, *texts)

    def close(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
        self._folder.cleanup()
