"""Workers that a server forks within milliseconds (Linux)."""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from harness.host.failures import SandboxError
from harness.host.server_process import ForkedServer, start, started_early
from harness.host.workers import Output, SocketWorker, Worker, WorkerProcess, is_there, stand_still
from harness.isolation.limits import Limits
from harness.isolation.sandbox import Sandbox, remove_tree
from harness.problem import problem
from harness.submission.stage import fingerprint, stage
from harness.worker.server import End, Ended, Failed, Fork, Forked, Ready, Sweep
from harness.worker.worker import SEED, Settings

__all__ = ["ForkLauncher"]


#: The most staged submissions that are kept, since a launcher may serve a whole class.
KEPT_COPIES = 8


@dataclass
class _Staged:
    """A copy of a submission for workers to read."""

    state: object
    """The state of the submission's files at that time."""
    folder: Path


@dataclass
class _Answer:
    """An answer of the server that may not have arrived yet."""

    value: Any = None


@dataclass
class _Forked:
    """A worker that the server was asked to fork."""

    wanted: tuple[Path, tuple[str, ...]]
    """The copy of the submission that the worker may read, and the modules that it needs preloaded."""
    connection: socket.socket
    output: Output
    scratch: Path
    answer: _Answer
    home: Path | None = None
    """The usual path of ``scratch`` while the folder is renamed."""

    def hide(self) -> None:
        """Rename its folder to a secret name. Otherwise other workers could find out by ``stat`` which files it has."""
        if self.home is None:
            home = self.scratch
            with suppress(FileNotFoundError):  # where there is no isolation, it may have been removed
                self.scratch = home.rename(home.with_name(f"stopped-{secrets.token_hex(16)}"))
                self.home = home

    def show(self) -> None:
        """Rename its folder back."""
        if self.home is not None:
            self.scratch, self.home = self.scratch.rename(self.home), None

    @property
    def pid(self) -> int:
        """Its process id. This waits for the server's answer."""
        if isinstance(self.answer.value, Failed):
            raise SandboxError(f"a worker could not be started: {self.answer.value.reason}")
        pid: int = self.answer.value.pid
        return pid


class ForkLauncher:
    """A launcher that lets a server, which has torch in memory, fork workers within milliseconds.

    Args:
        without: layers of the sandbox to leave out, for tests of the other layers; see
            :mod:`harness.isolation.sandbox`.
        device: the device of the workers' tensors, as ``cuda``.
    """

    def __init__(self, limits: Limits, without: tuple[str, ...] = (), device: str = "cpu") -> None:
        self.limits = limits
        self.device = device
        self._without = without
        self.slowness = 1.0
        self._process: subprocess.Popen[bytes] | ForkedServer | None = None
        self._control: socket.socket | None = None
        self._log: Path | None = None
        self._ready = False
        self._scratch: Path | None = None
        self._started = 0
        self._sandbox: Sandbox | None = None
        self._staged: dict[Path, _Staged] = {}
        self._expected: deque[_Answer] = deque()
        self._at_work: list[_Forked] = []
        """The workers of the current test."""
        self._turn: _Forked | None = None
        """The worker of the current test that may run; the others are stopped."""
        self._spare: _Forked | None = None
        """The next worker, which was forked in advance."""

    @property
    def shared(self) -> Path:
        self.start()
        assert self._scratch is not None
        return self._scratch / "shared"

    @property
    def sandbox(self) -> Sandbox:
        """The layers of the sandbox that this machine has."""
        self._wait_until_ready()
        assert self._sandbox is not None
        return self._sandbox

    def start(self) -> None:
        if self._process is not None:
            return
        like_any = self.device == "cpu" and not self._without
        begun = (started_early() if like_any else None) or start(self.device, self._without)
        self._process, self._control, self._scratch, self._log = begun.process, begun.control, begun.scratch, begun.log

    def _post(self, request: Fork | End | Sweep, descriptors: list[int] | None = None) -> _Answer:
        """Send a request without waiting for the answer."""
        try:
            if self._control is None:
                raise OSError("the sandbox was stopped")
            socket.send_fds(self._control, [msgspec.msgpack.encode(request)], descriptors or [])
        except OSError as error:
            raise self._silent(str(error)) from None
        self._expected.append(answer := _Answer())
        return answer

    def _collect(self) -> None:
        """Wait for the answers to all sent requests."""
        while self._expected:
            self._expected.popleft().value = self._receive(Forked | Ended | Failed)

    def _receive(self, kind: Any) -> Any:
        try:
            if self._control is None:
                raise OSError("the sandbox was stopped")
            if packet := self._control.recv(1 << 16):
                return msgspec.msgpack.decode(packet, type=kind)
            reason = "it ended"
        except OSError as error:
            reason = str(error)
        raise self._silent(reason)

    def _silent(self, reason: str) -> SandboxError:
        log = self._log.read_text(errors="replace")[-2000:] if self._log and self._log.exists() else ""
        if "ModuleNotFoundError" in log and os.environ.get("PYTHONPATH"):
            reason += " (it ignores PYTHONPATH: install the packages into this Python's own environment)"
        return SandboxError(f"the sandbox's server doesn't answer: {reason}\n{log}".rstrip())

    def _wait_until_ready(self) -> None:
        self.start()
        if not self._ready:
            assert self._control is not None
            self._control.settimeout(300)
            ready = self._receive(Ready)
            self.slowness, self._sandbox = ready.slowness, ready.sandbox
            self._control.settimeout(60)
            self._ready = True

    def launch(self, submission: Path, seed: int, part: str, clean: bool = False) -> Worker:
        self._wait_until_ready()
        submission = self._stage(submission)
        module = problem().module_of(part)
        wanted = submission, module.preload if module is not None else ()
        if self._spare is None or self._spare.wanted != wanted:
            self.discard_spare()
            self._spare = self._begin(wanted)
        one, self._spare = self._spare, None
        self._collect()  # what earlier workers left is swept away
        self._spare = self._begin(wanted)
        self._at_work.append(one)
        self._take_turn(one)

        def end(wait: bool) -> int | None:
            if one not in self._at_work:  # the server has been stopped, and its workers with it
                return None
            self._at_work.remove(one)
            answer = self._post(End(one.pid, str(one.scratch)))
            if not wait:  # it is waited for before the next worker gets to work
                return None
            self._collect()
            code: int | None = answer.value.code
            return code

        if not is_there(one.connection, self.limits.start_seconds * self.slowness):
            said = one.output.text(wait=1.0).strip()[-1000:]
            raise SandboxError(f"a worker could not be started: {said or 'it ended without a message'}")
        process = WorkerProcess(
            one.connection,
            one.output,
            lambda: one.pid,
            one.scratch,
            end,
            lambda: [(one.scratch, one.pid) for one in self._at_work],
            lambda: self._take_turn(one),
        )
        worker = SocketWorker(process, submission, self.limits, self.slowness)
        with suppress(OSError):  # where it has ended already, its first call says so
            one.connection.sendall(SEED.pack(seed))
        return worker

    def _take_turn(self, one: _Forked) -> bool:
        """Let only one worker of a test run at a time, with the others' files in open folders out of its reach.

        Return whether all others are stopped. One that isn't may run at the same time.

        Inputs of one worker must not reach another, for example with ``student.fresh()``. The others were stopped after
        their last answers; this waits until they are.
        """
        if self._turn is not one:
            others = [other for other in self._at_work if other is not one]
            for other in others:
                if not stand_still(other.pid):
                    return False
                other.hide()
            if others and not self.sandbox.landlock:
                for other in others:
                    self._post(Sweep(other.pid))
                self._collect()
            one.show()
        self._turn = one
        return True

    def _begin(self, wanted: tuple[Path, tuple[str, ...]]) -> _Forked:
        """Request a worker. It gets ready while others run, and then waits for its seed."""
        assert self._scratch is not None
        self._started += 1
        scratch = self._scratch / f"worker-{self._started}"
        scratch.mkdir(mode=0o700)
        ours, theirs = socket.socketpair()
        read_end, write_end = os.pipe()
        try:
            settings = Settings(str(wanted[0]), str(scratch), self.limits, str(self.shared), self.device)
            answer = self._post(Fork(settings, wanted[1]), [theirs.fileno(), write_end])
        finally:
            theirs.close()
            os.close(write_end)
        return _Forked(wanted, ours, Output(read_end, self.limits.output_bytes), scratch, answer)

    def discard_spare(self) -> None:
        """End the worker that was forked in advance."""
        if self._spare is not None:
            self._collect()
            if isinstance(self._spare.answer.value, Forked):
                self._post(End(self._spare.pid, str(self._spare.scratch)))
            self._spare.connection.close()
            self._spare = None

    def _stage(self, submission: Path) -> Path:
        """A copy of the submission that workers can read but not write. It is renewed when the submission changes."""
        assert self._scratch is not None
        state = fingerprint(submission)
        known = self._staged.pop(submission, None)
        if known is None or known.state != state:
            while len(self._staged) >= KEPT_COPIES:
                remove_tree(self._staged.pop(next(iter(self._staged))).folder)
            # A worker may read only the folder of its own submission, since the solution may be beside it.
            known = _Staged(state, self._scratch / f"submission-{secrets.token_hex(16)}")
            stage(submission, known.folder)
        self._staged[submission] = known  # the last that was used is the last to go
        return known.folder

    def children(self) -> list[int]:
        """The process ids of the server's children: the next worker, and any leftover processes."""
        self._collect()
        if self._process is None:
            return []
        path = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return sorted(map(int, path.read_text().split()))

    def stop(self) -> None:
        if self._spare is not None:
            self._spare.connection.close()
            self._spare = None
        self._expected.clear()
        self._at_work.clear()
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
            remove_tree(self._scratch)  # the server has done that, unless it had to be killed
        self._scratch = None
        self._staged.clear()
        self._ready = False
