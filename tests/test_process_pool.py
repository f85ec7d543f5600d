"""Work of several processes, of which some are killed, and what a stop means."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.base.process_pool import Died, TaskRunner, pool
from tests.conftest import ROOT
from tests.pool_tasks import grade_or_die, refuse, work


@contextmanager
def plain_pool(jobs: int):
    with ProcessPoolExecutor(jobs) as executor:
        yield executor


def test_work_that_kills_its_process_costs_itself_alone():
    found = dict(TaskRunner(plain_pool, 2).results(work, range(12)))
    assert {number for number, result in found.items() if isinstance(result, Died)} == {3, 7, 11}
    assert {number: result for number, result in found.items() if number % 4 != 3} == {
        number: number * number for number in range(12) if number % 4 != 3
    }


class Cluster(Executor):
    """Tries again by itself, and says so in the end."""

    def submit(self, fn, /, *args, **kwargs):
        return self.inner.submit(refuse, *args)

    def __enter__(self):
        self.inner = ProcessPoolExecutor(1)
        return self

    def __exit__(self, *error):
        self.inner.shutdown()


def test_an_executor_may_try_again_itself():
    found = dict(TaskRunner(lambda jobs: Cluster(), 2, fatal=(TimeoutError,)).results(work, range(4)))
    assert [number for number, result in found.items() if isinstance(result, Died)] == [2]


def test_a_pool_goes_when_its_owner_is_killed(tmp_path):
    code = (
        "import sys, time\n"
        "from harness.base.process_pool import pool\n"
        "if __name__ == '__main__':\n"
        "    with pool(2) as executor:\n"
        "        futures = [executor.submit(time.sleep, 60) for _ in range(2)]\n"
        "        import multiprocessing\n"
        "        print(*[child.pid for child in multiprocessing.active_children()], flush=True)\n"
        "        time.sleep(60)\n"
    )
    (tmp_path / "owner.py").write_text(code)
    owner = subprocess.Popen(
        [sys.executable, tmp_path / "owner.py"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert owner.stdout is not None
    children = list(map(int, owner.stdout.readline().split()))
    time.sleep(5)  # until they have begun
    owner.kill()
    owner.wait()
    ends = time.monotonic() + 30
    while children and time.monotonic() < ends:
        children = [pid for pid in children if _lives(pid)]
        time.sleep(0.2)
    assert not children


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


STOPPED = """
import signal, sys
from harness.base.process_pool import heed_stops
signal.signal(signal.SIGHUP, signal.SIG_IGN)
heed_stops()
signal.raise_signal(signal.SIGHUP)
try:
    signal.raise_signal(signal.SIGTERM)
except KeyboardInterrupt:
    print("heard")
"""


@pytest.mark.skipif(os.name != "posix", reason="there are no such signals")
def test_a_stop_is_as_ctrl_c_but_for_nohup(run):
    assert run("-c", STOPPED).stdout == "heard\n"


def test_a_submission_that_kills_the_grader_is_a_row(tmp_path):
    """A process of the pool that dies whenever it has this submission, which none is known to do."""
    found = dict(TaskRunner(pool, 2).results(grade_or_die, ["ada", "kills", "alan"]))
    assert isinstance(found["kills"], Died)
    assert [found["ada"], found["alan"]] == ["ada", "alan"]
