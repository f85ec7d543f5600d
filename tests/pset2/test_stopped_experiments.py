"""Experiments that are interrupted or killed, and go on."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from course.experiments import lab
from course.experiments.runner import EXPERIMENTS, Company
from course.experiments.watch import Nobody
from course.records import comparable, read
from tests.conftest import ROOT
from tests.pset2.short_sessions import run_part, session


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


# ---- stopping and going on ---------------------------------------------------------------------------------------

KILLED = """
import sys, torch
from pathlib import Path
sys.path.insert(0, {root!r})
from course.experiments import lab
lab.has_bfloat16 = lambda: False
from tests.pset2.short_sessions import session
torch.set_num_threads(1)
session(Path({out!r}), "{part}", save_every=0.0).run("{part}")
"""


def saved_epochs(state: Path) -> int:
    """The finished epochs of a run by its saved state; 0 if there is none yet."""
    if not state.exists():
        return 0
    with safe_open(state, "pt") as file:
        return len(json.loads(file.metadata()["run"])["accuracies"])


@pytest.mark.parametrize(("part", "run"), [("3.4", "pruned"), ("6.2", "adam")])
def test_a_killed_run_that_is_resumed_leaves_the_record_of_an_uninterrupted_one(tmp_path, monkeypatch, part, run):
    """SGD and masks in one, Adam in the other; killed while it trains, at whatever place that is."""
    monkeypatch.setattr(lab, "has_bfloat16", lambda: False)  # or the precision of each process depends on its speed
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    process = subprocess.Popen([sys.executable, "-c", KILLED.format(root=str(ROOT), part=part, out=str(killed))])
    state = killed / part / f"{run}.state"
    deadline = time.monotonic() + 120
    while not saved_epochs(state) and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.1)  # at some place of a later epoch
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it was done before it could be killed"
    assert state.exists()
    assert read(killed / part).state == "unfinished"
    epochs: list[int] = []

    class Watch(Nobody):
        def run_begins(self, run, images):
            epochs.append(len(run.accuracies))

    resumed = session(killed, part, resume=True, watch=Watch())
    resumed.check()
    record = resumed.run(part)
    assert 0 < epochs[-1] < 5  # it went on, and did not begin anew
    first, second = record.sessions
    assert first.seconds > 0  # of a session that could not write it
    assert record.seconds == pytest.approx(first.seconds + second.seconds)
    assert comparable(record) == comparable(run_part(whole, part))
    assert not state.exists()
    assert not list((killed / part).glob("*.part"))


def test_a_killed_run_goes_on_in_its_own_precision(tmp_path, monkeypatch):
    """Another precision may seem faster to the process that resumes it, for example on a busy machine."""
    monkeypatch.setattr(lab, "has_bfloat16", lambda: True)
    before = tmp_path / "before.json"
    path = tmp_path / "1.2" / "record.json"
    begun: list[tuple[str, int]] = []

    class Stop(Nobody):
        def run_begins(self, run, images):
            shutil.copy(path, before)

        def epoch_ends(self, run):
            if len(run.accuracies) == 2:
                raise KeyboardInterrupt

    class Look(Nobody):
        def run_begins(self, run, images):
            begun.append((run.settings.precision, len(run.accuracies)))

    for precision, watch in (("bfloat16", Stop()), ("float32", Look())):
        monkeypatch.setattr(lab, "_FASTER", {})
        monkeypatch.setattr(lab, "faster_precision", lambda begin, found=precision: found)
        one = session(tmp_path, "1.2", resume=True, save_every=0.0, watch=watch)
        one.check()
        if precision == "bfloat16":
            with pytest.raises(KeyboardInterrupt):
                one.run("1.2")
            shutil.copy(before, path)  # a killed process leaves the record of the beginning
        else:
            one.run("1.2")
    assert begun == [("bfloat16", 1), ("bfloat16", 0)]


def test_ctrl_c_keeps_what_was_done_and_the_report_shows_it(tmp_path):
    class Stop(Nobody):
        def epoch_ends(self, run):
            if run.name == "cosine-annealing" and len(run.accuracies) == 2:
                raise KeyboardInterrupt

    one = session(tmp_path, "1.2", watch=Stop())
    with pytest.raises(KeyboardInterrupt):
        one.run("1.2")
    one.draw()
    record = read(tmp_path / "1.2")
    assert record.state == "unfinished"
    assert [len(run.accuracies) for run in record.runs] == [5, 2]
    assert (tmp_path / "1.2/schedules.png").exists()
    again = session(tmp_path, "1.2", resume=True)
    again.check()
    assert [len(run.accuracies) for run in again.run("1.2").runs] == [5, 5]
    assert [session.jobs for session in read(tmp_path / "1.2").sessions] == [1, 1]


def test_a_run_that_was_once_beside_others_was_not_alone(tmp_path):
    class Stop(Nobody):
        def epoch_ends(self, run):
            if len(run.accuracies) == 2:  # the state after the first epoch is kept
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        session(tmp_path, "1.2", company=Company(2, alone=False), watch=Stop(), save_every=0.0).run("1.2")
    record = session(tmp_path, "1.2", resume=True).run("1.2")
    assert [run.alone for run in record.runs] == [False, True]
    assert [(one.jobs, one.alone) for one in record.sessions] == [(2, False), (1, True)]


def test_a_damaged_state_is_begun_anew_and_the_record_says_so(tmp_path):
    (tmp_path / "3.2").mkdir()
    (tmp_path / "3.2/unpruned.state").write_bytes(b"no tensors")
    first = session(tmp_path, "3.2", resume=True)
    record, _ = first._begin(EXPERIMENTS["3.2"])
    (tmp_path / "3.2/unpruned.state").write_bytes(b"no tensors")
    record = session(tmp_path, "3.2", resume=True).run("3.2")
    assert record.state == "complete"
    assert "SparseConvNet started again" in record.notes[0]


def test_a_finished_part_is_kept(tmp_path):
    first = run_part(tmp_path, "3.1")
    again = session(tmp_path, "3.1", resume=True)
    assert again.run("3.1").seconds == first.seconds
    assert again.kept == {"3.1"}
