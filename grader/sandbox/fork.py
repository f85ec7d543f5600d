"""Workers forked from a server: milliseconds each. Linux only."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from grader.sandbox.failures import SandboxError
from grader.sandbox.limits import Limits
from grader.sandbox.server import End, Ended, Fork, Forked, Ready
from grader.sandbox.worker import Settings
from grader.sandbox.workers import ONE_THREAD, ROOT, Output, SocketWorker, Worker

__all__ = ["ForkLauncher"]


#: What the workers of a part need and what takes a second or more to import. An optimizer, or a trace of operators,
#: imports torch._dynamo with its first use.
PRELOAD = {
    **dict.fromkeys(("1", "3", "5", "6"), ("torch._dynamo",)),
    "4": ("torch._dynamo", "torchvision.models", "loralib"),
}


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
        if self._control is None:
            raise SandboxError("the sandbox was stopped")
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
            request = Fork(settings, PRELOAD.get(part[:1], ()))
            pid = self._ask(request, Forked, [theirs.fileno(), write_end]).pid
        finally:
            theirs.close()
            os.close(write_end)
        output = Output(read_end, self.limits.output_bytes)

        def end() -> int | None:
            code: int | None = self._ask(End(pid), Ended).code
            shutil.rmtree(scratch, ignore_errors=True)
            return code

        return SocketWorker(ours, output, pid, submission, scratch, self.limits, self.slowness, end)

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
