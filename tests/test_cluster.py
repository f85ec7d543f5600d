"""Work on a Dask cluster: a real scheduler and workers, of which one is killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from harness.base.cluster import ClusterError, connected, demand
from harness.base.process_pool import Died
from harness.classroom.batch_task import Task, grade_one
from harness.validation.cases import SOLUTION, STUBS, write_modules
from tests.classes import rows
from tests.conftest import ROOT

pytest.importorskip("distributed")


class Cluster:
    """A scheduler and two workers of this machine."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        self.scheduler = self._start("dask_scheduler", "--host", "127.0.0.1", "--port", self.address.rpartition(":")[2])
        ends = time.monotonic() + 120
        while not self._listens() and time.monotonic() < ends:
            time.sleep(0.1)
        self.workers = [self._start("dask_worker", self.address, "--nthreads", "1") for _ in range(2)]

    def _listens(self) -> bool:
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", int(self.address.rpartition(":")[2]))) == 0

    def _start(self, what: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.{what}", *arguments, "--no-dashboard"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.Popen(command, cwd=ROOT, start_new_session=True, **quiet)  # type: ignore[call-overload]

    def kill_a_worker(self) -> None:
        """With its nanny, which would start another one."""
        os.killpg(self.workers.pop().pid, signal.SIGKILL)

    def stop(self) -> None:
        for process in (*self.workers, self.scheduler):
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    one = Cluster()
    yield one
    one.stop()


def test_a_batch_loses_nothing_when_a_worker_is_killed(cluster, tmp_path):
    folder, out = tmp_path / "class", tmp_path / "grades"
    for index in range(6):
        write_modules(STUBS, folder / f"student{index}")
        (folder / f"student{index}" / "depthwise.py").write_text((SOLUTION / "depthwise.py").read_text())
    command = [sys.executable, "-m", "grader", "batch", folder, "--out", out, "--scheduler", cluster.address]
    batch = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    lines = out / "journal.jsonl"
    ends = time.monotonic() + 240
    while time.monotonic() < ends and not lines.exists():
        time.sleep(0.1)
    cluster.kill_a_worker()
    _, errors = batch.communicate(timeout=300)
    assert batch.returncode == 0, errors
    _, *students = rows((out / "grades.csv").read_text())
    assert [row["Student"] for row in students] == [f"student{index}" for index in range(6)]
    assert {row["Status"] for row in students} == {"graded"}
    assert len({row["Automatic"] for row in students}) == 1
    assert float(students[0]["6.1"]) == 22
    assert len(lines.read_bytes().splitlines()) == 6


def test_parts_of_the_experiments_are_run_by_workers(cluster, run, tmp_path):
    arguments = ("run_experiments.py", "2", "3.1", "5.1", "--student", SOLUTION, "--seed", "1")
    done = run(*arguments, "--out", tmp_path / "cluster", "--scheduler", cluster.address)
    assert done.returncode == 0, done.stderr
    summary = done.stdout.partition("Profile quick")[2]
    assert summary.index(" 2.1 ") < summary.index(" 3.1 ") < summary.index(" 5.1 ")
    assert (tmp_path / "cluster" / "report.html").exists()
    assert sorted(path.name for path in (tmp_path / "cluster").glob("?.?")) == ["2.1", "2.2", "2.3", "3.1", "5.1"]


def die() -> None:
    os._exit(1)


def double(number: int) -> int:
    if number == 1:
        die()
    return 2 * number


def test_what_kills_every_worker_that_has_it_is_given_up(cluster):
    with connected(cluster.address, print) as runner:
        found = dict(runner.results(double, range(3)))
    assert isinstance(found[1], Died)
    assert (found[0], found[2]) == (0, 4)


def test_another_version_of_the_grader_grades_nothing(tmp_path):
    with pytest.raises(ClusterError, match="has another version of this software"):
        grade_one(Task("one", tmp_path, "one", 1, 60, grader="other"))


def test_what_a_machine_does_not_see_is_not_taken_for_nothing(tmp_path):
    with pytest.raises(ClusterError, match=r"doesn't see .*nowhere: all machines"):
        demand(tmp_path, tmp_path / "nowhere")


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense"])
def test_a_scheduler_that_is_none_is_said_in_a_sentence(run, tmp_path, address):
    write_modules(STUBS, tmp_path / "class" / "ada")
    done = run("-m", "grader", "batch", tmp_path / "class", "--out", tmp_path / "grades", "--scheduler", address)
    assert done.returncode == 2
    assert "No scheduler answers at" in done.stderr
    assert "Traceback" not in done.stderr
