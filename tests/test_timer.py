"""Deadlines on a machine that does other work: what a call waits for a core is not its own time."""

from __future__ import annotations

import math
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.failure import Failure
from harness.host.failures import StudentError, timed_out
from harness.host.launch import make_launcher
from harness.host.proxies import Student
from harness.host.timer import CROWDED, Allowance, Timer, waited
from harness.host.workers import SocketWorker, WorkerProcess, _in_bounds
from harness.isolation.limits import Limits, slowness
from harness.submission.hints import hints

busy = pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="the kernel doesn't say who waits")

#: Half a second of work, and endless loops of two kinds; by the processor's time, whatever the machine's speed.
MODULE = """
import time
def quantize(W, bits=8):
    until = time.thread_time() + (0.5 if bits == 8 else 1e9)
    while time.thread_time() < until:
        pass
    return W, bits
def dequantize(W, args):
    time.sleep(1e6)
"""


@contextmanager
def crowd() -> Iterator[None]:
    """One core for this process and all that it starts, and five others on it that never wait."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    spin = [sys.executable, "-c", "while True: pass"]
    others = [subprocess.Popen(spin, start_new_session=True) for _ in range(5)]
    try:
        time.sleep(0.5)
        yield
    finally:
        os.sched_setaffinity(0, before)
        for one in others:
            one.kill()
            one.wait()


@pytest.fixture(params=["fork", "spawn"])
def student(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Student]:
    """One whose calls get a second, in a crowd that came after it was started."""
    (tmp_path / "quantization.py").write_text(MODULE)
    launcher = make_launcher(request.param, Limits(call_seconds=1.0, cpu_seconds=20))
    launcher.start()
    one = Student(launcher, tmp_path, "2.1", seed=1)
    assert one.quantization.quantize(1) == (1, 8)
    worker: Any = one._line().worker
    worker._slowness = 1.0
    with crowd():
        os.sched_setaffinity(worker._pid(), os.sched_getaffinity(0))
        yield one
    one.close()
    launcher.stop()


@busy
def test_what_others_take_is_not_the_call_s(student):
    started = time.monotonic()
    assert student.quantization.quantize(1) == (1, 8)
    assert time.monotonic() - started > 1.2, "nobody else was at work: the test shows nothing"
    assert sum(student._spent) < 2.5


@busy
@pytest.mark.parametrize("call", ["quantize", "dequantize"])
def test_what_never_ends_is_stopped_all_the_same(student, call, monkeypatch):
    # Where yet others want this core, the wall clock would be first; its own tests are below.
    monkeypatch.setattr("harness.host.timer.CROWDED", 10 * CROWDED)
    started = time.monotonic()
    with pytest.raises(StudentError, match="had not finished after 1 seconds"):
        getattr(student.quantization, call)(1, 4)
    assert time.monotonic() - started < CROWDED + 20


@busy
def test_slowness_is_the_machine_s_and_not_the_load_s():
    alone = slowness()
    with crowd():
        assert slowness() < 3 * alone


Clock = Callable[[float, float], None]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Set the wall clock, and how long each process has waited."""
    now = {"time": 100.0, "waited": 0.0}

    def put(seconds: float, wait: float) -> None:
        now.update(time=100.0 + seconds, waited=wait)

    monkeypatch.setattr("harness.host.timer.time", SimpleNamespace(monotonic=lambda: now["time"]))
    monkeypatch.setattr("harness.host.timer.waited", lambda process="": now["waited"] if process else 0.0)
    return put


def test_waiting_is_no_time_of_the_call(clock):
    timer = Timer(1, Allowance(5, math.inf))
    clock(8, 6)
    assert (timer.spent, timer.left, timer.elapsed) == (2, 3, 8)
    clock(12, 7)
    assert timer.left == 0
    assert not timer.has_ended
    assert timer.had == 5


def test_the_wall_clock_has_the_last_word(clock):
    timer = Timer(1, Allowance(5, math.inf))
    clock(5 * CROWDED, 5 * CROWDED)
    assert timer.left == 0
    assert timer.has_ended
    assert timer.had == 5 * CROWDED


def test_the_run_s_end_is_by_the_wall_clock(clock):
    timer = Timer(1, Allowance(5, 100.0 + 3))
    clock(3, 3)
    assert timer.left == 0
    assert timer.has_ended


def test_a_process_that_has_ended_has_waited_no_less(clock):
    timer = Timer(1, Allowance(5, math.inf))
    clock(8, 6)
    assert timer.spent == 2
    clock(9, 0)
    assert timer.spent == 3


def test_where_the_kernel_says_nothing_there_is_the_wall_clock():
    assert waited(2**30) == 0


def test_an_answer_that_is_there_is_taken_though_the_grader_comes_late(tmp_path):
    ours, theirs = socket.socketpair()
    output: Any = None
    process = WorkerProcess(ours, output, os.getpid, tmp_path, lambda wait: 0)
    worker = SocketWorker(process, tmp_path, Limits(), 1.0)
    late: Any = SimpleNamespace(left=-1.0, has_ended=False)
    too_late: Any = SimpleNamespace(left=-1.0, has_ended=True)
    view = memoryview(bytearray(3))
    with ours, theirs:
        theirs.sendall(b"abcdef")
        assert worker._receive(view, late) == 3
        with pytest.raises(TimeoutError):
            worker._receive(view, too_late)
        assert worker._receive(view, late) == 3
        with pytest.raises(TimeoutError):
            worker._receive(view, late)


def test_a_call_that_had_no_time_left_says_so_and_no_seconds():
    assert timed_out("quantize", 6.0, []).failure.message.startswith("quantize had not finished after 6 seconds")
    assert timed_out("quantize", 0.25, []).failure.message.startswith("quantize had not finished after 0.2 seconds")
    message = "quantize was stopped: earlier calls of this test have used up its time."
    assert timed_out("quantize", 0.0, []).failure.message == message
    assert list(hints(timed_out("quantize", 0.0, []).failure)) == []
    (hint,) = hints(timed_out("quantize", 6.0, []).failure)
    assert hint == "Is there an endless loop, or a loop over single elements?"


@pytest.mark.parametrize("kind", ["exception", "not implemented", "missing", "import", "timeout", "died", "unusable"])
def test_a_worker_cannot_claim_a_kind_of_failure_that_the_grader_sees_itself(kind):
    own = kind in ("exception", "not implemented", "missing", "import")
    assert _in_bounds(Failure(kind, "ValueError", "no", [])).kind == (kind if own else "exception")
