"""Run the tests of one grading in several processes that are forked from this one (Linux).

This process imports everything and collects the tests once. Each forked process takes tests from its own share, and
then from the end of the longest share. So neighbouring tests, which load the same things, mostly run in one process.
This process runs no test. If another one dies, the test that it ran is a fault of the grader, and a new process takes
over its share.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import signal
import sys
import tempfile
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from multiprocessing.connection import Connection, Pipe, wait
from typing import IO, Any, NoReturn

import msgspec
import pytest

from harness.host.server_process import started_early
from harness.isolation.sandbox import die_with_parent
from harness.plugin import FORKED, GRADING

__all__ = ["ForkedRun", "can_fork"]

SECONDS_TO_LEAVE = 10.0
LONGEST_LOG = 2000


def can_fork() -> bool:
    """Whether this process may be forked. One with further threads could leave a lock behind that nobody opens."""
    return sys.platform == "linux" and len(os.listdir("/proc/self/task")) == 1


@dataclass
class _Process:
    """A forked process, as the first process knows it."""

    pid: int
    connection: Connection
    share: deque[int]
    """The indices of the tests that only this process was meant to run and has not been given yet."""
    log: IO[bytes]
    """The file with its standard output and standard error."""
    given: deque[int] = field(default_factory=deque)
    """The indices of the tests that it runs now and next."""


class ForkedRun:
    """A pytest plugin that replaces the loop over all tests.

    Args:
        jobs: the number of processes.
        watch: a plugin that is for the first process alone, for example one that shows progress.
    """

    def __init__(self, jobs: int, watch: object | None) -> None:
        self._jobs = jobs
        self._watch = watch
        self._processes: list[_Process] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        config.stash[FORKED] = True

    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        count = len(session.items)
        if not can_fork():  # a suite has started a thread
            return None
        if early := started_early():  # it serves one process only
            early.control.close()
        gc.freeze()  # memory that isn't visited stays shared
        bounds = [count * number // self._jobs for number in range(self._jobs + 1)]
        try:
            for first, last in pairwise(bounds):
                self._fork(session, deque(range(first, last)))
            while self._processes:
                connections = {process.connection: process for process in self._processes}
                for ready in wait([*connections]):
                    self._attend(session, connections[ready])  # type: ignore[index]
        finally:
            self._stop()
            gc.unfreeze()
        return True

    def _fork(self, session: pytest.Session, share: deque[int]) -> None:
        ours, theirs = Pipe()
        log = tempfile.TemporaryFile()  # noqa: SIM115 (it is closed after the process has ended)
        pid = os.fork()
        if pid == 0:
            ours.close()
            for process in self._processes:
                process.connection.close()
            _run_tests(session, theirs, log, self._watch)
        theirs.close()
        self._processes.append(_Process(pid, ours, share, log))

    def _attend(self, session: pytest.Session, process: _Process) -> None:
        """Read one message of a process, and do what it asks for."""
        hook = session.config.hook
        try:
            kind, content = msgspec.msgpack.decode(process.connection.recv_bytes())
        except (EOFError, OSError):
            self._bury(session, process)
            return
        if kind == "next":
            index = self._next(process)
            with suppress(OSError):  # it has died: the next message says so
                process.connection.send_bytes(msgspec.msgpack.encode(index))
        elif kind == "start":
            item = session.items[process.given[0]]
            hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        elif kind == "report":
            report = hook.pytest_report_from_serializable(config=session.config, data=content)
            hook.pytest_runtest_logreport(report=report)
        else:
            item = session.items[process.given.popleft()]
            hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)

    def _next(self, process: _Process) -> int | None:
        """The next test for a process: of its own share, or the last one of the longest other share."""
        longest = max(self._processes, key=lambda other: len(other.share))
        if not process.share and not longest.share:
            return None
        index = process.share.popleft() if process.share else longest.share.pop()
        process.given.append(index)
        return index

    def _bury(self, session: pytest.Session, process: _Process) -> None:
        """A process has ended. If it had not finished its tests, report the one that it ran, and fork another."""
        self._processes.remove(process)
        process.connection.close()
        code = os.waitstatus_to_exitcode(os.waitpid(process.pid, 0)[1])
        rest = deque([*process.given, *process.share])
        if rest:
            item = session.items[rest.popleft()]
            process.log.seek(0)
            said = process.log.read().decode(errors="replace")[-LONGEST_LOG:].strip()
            how = f"signal {-code}" if code < 0 else f"exit code {code}"
            report = pytest.TestReport(
                item.nodeid,
                item.location,
                keywords={},
                outcome="failed",
                longrepr=f"The process that ran this test crashed ({how}).\n{said}".rstrip(),
                when="call",
            )
            session.config.hook.pytest_runtest_logreport(report=report)
            self._fork(session, rest)
        process.log.close()

    def _stop(self) -> None:
        """End the processes that are left when a run is interrupted."""
        for process in self._processes:
            os.kill(process.pid, signal.SIGTERM)
            process.connection.close()
        ends = time.monotonic() + SECONDS_TO_LEAVE
        while self._processes:
            process = self._processes[-1]
            if time.monotonic() > ends:
                os.kill(process.pid, signal.SIGKILL)
            if os.waitpid(process.pid, os.WNOHANG)[0]:
                self._processes.pop().log.close()
            else:
                time.sleep(0.01)


# ---- in a forked process -------------------------------------------------------------------------------------


def _run_tests(session: pytest.Session, connection: Connection, log: IO[bytes], watch: object | None) -> NoReturn:
    """Run tests until none is left, and end this process."""
    code = 1
    config = session.config
    grading = config.stash[GRADING]
    try:
        die_with_parent()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all processes; the first one ends this
        signal.signal(signal.SIGTERM, _interrupt)
        for standard in (1, 2):
            os.dup2(log.fileno(), standard)
        faulthandler.enable(2)
        grading.is_worker = True
        if watch is not None:
            config.pluginmanager.unregister(watch)
        config.pluginmanager.register(_Messenger(config, connection))
        try:
            _loop(session, connection)
            code = 0
        finally:
            grading.launcher.stop()
    except KeyboardInterrupt:
        pass
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(code)


def _loop(session: pytest.Session, connection: Connection) -> None:
    """Run one test after another. The next one is always known, so that its fixtures stay."""

    def ask() -> pytest.Item | None:
        connection.send_bytes(msgspec.msgpack.encode(("next", None)))
        index = msgspec.msgpack.decode(connection.recv_bytes())
        return None if index is None else session.items[index]

    item = ask()
    while item is not None:
        following = ask()
        session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        item = following


def _interrupt(*_: Any) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough
    raise KeyboardInterrupt


class _Messenger:
    """A pytest plugin that hands on to the first process what happens in this one."""

    def __init__(self, config: pytest.Config, connection: Connection) -> None:
        self._config = config
        self._connection = connection

    def _send(self, kind: str, content: Any = None) -> None:
        self._connection.send_bytes(msgspec.msgpack.encode((kind, content)))

    def pytest_runtest_logstart(self) -> None:
        self._send("start")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._send("report", self._config.hook.pytest_report_to_serializable(config=self._config, report=report))

    def pytest_runtest_logfinish(self) -> None:
        self._send("finish")
