"""Workers forked from a server: milliseconds each. Linux only."""

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


#: A launcher may serve a whole class.
KEPT_COPIES = 8


@dataclass
class _Staged:
    """The copy of a submission."""

    state: object
    """The state of the submission's files at that time."""
    folder: Path


@dataclass
class _Answer:
    """An answer of the server, when it has come."""

    value: Any = None


@dataclass
class _Forked:
    """A worker that was asked for."""

    wanted: tuple[Path, tuple[str, ...]]
    """the submission that it may read, and what it needs imported"""
    connection: socket.socket
    output: Output
    scratch: Path
    answer: _Answer
    home: Path | None = None
    """The path at which ``scratch`` belongs, while it has another name."""

    def hide(self) -> None:
        """Give its folder a name that nobody knows: others could tell by ``stat`` which files are in it."""
        if self.home is None:
            home = self.scratch
            with suppress(FileNotFoundError):  # where there is no isolation, it may have been removed
                self.scratch = home.rename(home.with_name(f"stopped-{secrets.token_hex(16)}"))
                self.home = home

    def show(self) -> None:
        """Give its folder its name back."""
        if self.home is not None:
            self.scratch, self.home = self.scratch.rename(self.home), None

    @property
    def pid(self) -> int:
        """Its process id, once the server has answered."""
        if isinstance(self.answer.value, Failed):
            raise SandboxError(f"a worker could not be started: {self.answer.value.reason}")
        pid: int = self.answer.value.pid
        return pid


class ForkLauncher:
    """Forks workers from a server that has torch in memory: milliseconds a worker.

    Args:
        without: layers of the sandbox to leave out, see :mod:`harness.isolation.sandbox`: for tests of the others.
        device: where workers make and are given tensors, as ``cuda``.
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
        """the workers of the test that runs"""
        self._turn: _Forked | None = None
        """the one of them that runs"""
        self._spare: _Forked | None = None
        """the next worker, begun already"""

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
        """Wait for the answers to all that was sent."""
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
        """Of the workers of a test only one runs at a time, and finds no files of the others in open folders.

        Whether the others stand still: one that doesn't may go on at the same time.

        What one is given must not reach another one, as with ``student.fresh()``. The others were told to stand still
        when they had answered: here that is waited for.
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
        """Have a worker forked: it gets ready while others work, and waits for its seed."""
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
        """End the worker that was begun in advance."""
        if self._spare is not None:
            self._collect()
            if isinstance(self._spare.answer.value, Forked):
                self._post(End(self._spare.pid, str(self._spare.scratch)))
            self._spare.connection.close()
            self._spare = None

    def _stage(self, submission: Path) -> Path:
        """A copy of the submission that workers can read and not write, made anew when it has changed."""
        assert self._scratch is not None
        state = fingerprint(submission)
        known = self._staged.pop(submission, None)
        if known is None or known.state != state:
            while len(self._staged) >= KEPT_COPIES:
                remove_tree(self._staged.pop(next(iter(self._staged))).folder)
            # Workers know their own submission's folder alone: what lies beside it may be the solution.
            known = _Staged(state, self._scratch / f"submission-{secrets.token_hex(16)}")
            stage(submission, known.folder)
        self._staged[submission] = known  # the last that was used is the last to go
        return known.folder

    def children(self) -> list[int]:
        """Process ids of the server's children: the next worker, and whatever should not be there."""
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
