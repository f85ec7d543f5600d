"""Parts that other processes run: what they report, what runs alone, and what a process that dies leaves."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from rich.console import Console

from course.experiments.division import Division, run_parts
from course.experiments.progress import Display
from course.experiments.progress_files import FOLDER, Appender, following
from course.experiments.runner import Session
from course.experiments.watch import Moment
from course.records import PartSession, Record, read, write
from harness.base.process_pool import TaskRunner
from harness.validation.cases import SOLUTION
from tests.pset2.short_sessions import SHORT, session

TINY = "tests/pset2/tiny_experiments.py"


# ---- what runs beside what ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def parallel(run, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The results of a session with two jobs, and what it printed."""
    out = tmp_path_factory.mktemp("parallel") / "out"
    arguments = ("2.1", "3.1", "3.2", "6.1", "--jobs", "2", "--threads", "1", "--student", SOLUTION, "--out", out)
    done = run(TINY, *arguments)
    assert done.returncode == 0, done.stderr
    return out, done.stdout


def span(session: PartSession) -> tuple[datetime, datetime]:
    started = datetime.fromisoformat(session.started)
    return started, started + timedelta(seconds=session.seconds)


def test_a_timed_part_runs_alone_after_all_others(parallel):
    out, _ = parallel
    (timed,) = read(out / "6.1").sessions
    assert (timed.alone, timed.jobs, timed.threads) == (True, 2, 1)
    for part in ("2.1", "3.1", "3.2"):
        (other,) = read(out / part).sessions
        assert (other.alone, other.jobs) == (False, 2)
        assert span(other)[1] <= span(timed)[0], part


def test_a_run_says_whether_it_was_alone(parallel, tmp_path):
    out, _ = parallel
    assert [run.alone for run in read(out / "3.2").runs] == [False]
    alone = session(tmp_path, "3.2", profile=replace(SHORT, training=64, short=1)).run("3.2")
    assert [run.alone for run in alone.runs] == [True]


def test_a_log_has_a_line_for_each_epoch_with_the_parts_number(parallel):
    _, text = parallel
    numbers = r"training loss \d\.\d{3}, test accuracy [\d.]+ %, [\d.]+ s for the epoch"
    assert re.search(rf"^  3\.2 SparseConvNet: epoch 1 of 1, {numbers}$", text, re.MULTILINE)
    assert "6.1 Depthwise separable convolution: runs alone, because the handout asks for its times" in text


def test_both_times_are_said_by_name(parallel):
    out, text = parallel
    assert re.search(r"In this session the parts ran for .+ by the clock; the sum of their own times is .+\.\n", text)
    assert not (out / FOLDER).exists()


def test_the_workers_of_a_cluster_are_not_alone(tmp_path):
    """Nobody knows what else runs on their machines; here the cluster is a process of this one."""

    @contextmanager
    def one(jobs: int) -> Iterator[Executor]:
        with ProcessPoolExecutor(1) as executor:
            yield executor

    (record,) = of_parts(session(tmp_path, "6.1"), TaskRunner(one, 1), cluster=True)
    assert (record.sessions[0].alone, record.sessions[0].jobs) == (False, 0)


# ---- lines of the terminal ---------------------------------------------------------------------------------------


def test_each_running_part_has_its_line_on_a_terminal():
    screen = io.StringIO()
    display = Display(Console(file=screen, force_terminal=True, width=130), jobs=2)
    for part, title in (("1.1", "learning rate 0.1"), ("3.3", "half of the filters pruned")):
        display.show(Moment(part, "part begins", "Title"))
        display.show(Moment(part, "run begins", title, epochs=5, images=640))
        display.show(Moment(part, "step", title, epochs=5, done=2, images=640, seen=64, loss=1.25, accuracy=0.273))
    assert list(display.running) == ["1.1", "3.3"]
    display.finish("1.1")
    assert list(display.running) == ["3.3"]
    display.stop()
    last = screen.getvalue().rpartition("1.1 learning rate 0.1")[2]
    assert "3.3 half of the filters pruned" in last
    assert "epoch 3 of 5" in last
    assert "loss 1.250, accuracy 27.3 %" in last


def test_a_narrow_terminal_shows_whole_numbers():
    screen = io.StringIO()
    display = Display(Console(file=screen, force_terminal=True, width=60))
    title = "half of the filters pruned"
    display.show(Moment("3.3", "run begins", title, epochs=100, images=640, done=11, loss=1.25, accuracy=0.273))
    display.stop()
    assert "epoch 12 of 100" in screen.getvalue()
    assert "accuracy 27.3 %" in screen.getvalue()


def test_half_a_line_of_a_process_that_died_is_left_out(tmp_path):
    moments: list[Moment] = []
    with following(tmp_path, moments.append):
        path = tmp_path / FOLDER / "1.1.jsonl"
        append = Appender(path)
        append(Moment("1.1", "part begins"))
        with path.open("ab") as file:
            file.write(b'{"part": "1.1", "wh')
        append(Moment("1.1", "part begins", "again"))  # on the same line: lost with it
        append(Moment("1.1", "run begins", "a run"))
    assert [moment.title for moment in moments] == ["", "a run"]


def test_progress_that_can_not_be_written_stops_no_part(tmp_path):
    Appender(tmp_path / "nowhere" / "1.1.jsonl")(Moment("1.1", "part begins"))


# ---- processes that die ------------------------------------------------------------------------------------------


@contextmanager
def nobody(jobs: int) -> Iterator[Executor]:
    with ProcessPoolExecutor(1, initializer=os._exit, initargs=(1,)) as executor:
        yield executor


def of_parts(one: Session, runner: TaskRunner, *, cluster: bool = False) -> list[Record]:
    display = Display(Console(file=io.StringIO()))
    return [record for record, _ in run_parts(one, Division(runner, "cpu", 1, cluster=cluster), display)]


def test_a_part_whose_process_dies_at_once_has_a_record(tmp_path):
    (record,) = of_parts(session(tmp_path, "3.1"), TaskRunner(nobody, 1))
    assert record.state == "failed"
    assert "its process died" in read(tmp_path / "3.1").reason


def test_a_part_whose_process_dies_at_once_loses_no_finished_results(tmp_path):
    one = session(tmp_path, "3.1", replace=True)
    finished = one.blank("3.1")
    finished.state = "complete"
    write(finished, tmp_path / "3.1")
    (record,) = of_parts(one, TaskRunner(nobody, 1))
    assert record.state == "failed"
    assert read(tmp_path / "3.1").state == "complete"


def test_a_process_that_dies_in_one_part_costs_no_other(run, tmp_path, submission):
    ends = "import os\n\ndef SparseConvNet():\n    os._exit(1)\n"
    arguments = ("2.1", "3.1", "--jobs", "2", "--student", submission(pruning=ends), "--out", tmp_path / "out")
    done = run(TINY, *arguments)
    assert done.returncode == 1
    assert "✓ 2.1" in done.stdout
    assert "✗ 3.1" in done.stdout
    assert "its process died each time it ran this part" in done.stdout
