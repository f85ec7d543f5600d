"""run_experiments.py: what it runs, what it leaves, and what happens when something goes wrong."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from course import checkpoints
from course.datasets import DataError, load
from course.experiments import lab as lab_module
from course.experiments import part1, part4
from course.experiments.division import run_parts
from course.experiments.profiles import PROFILES
from course.experiments.runner import EXPERIMENTS, ConflictError, Session, parts_of
from course.records import MODULES, PARTS, Record, comparable, read, write
from course.trainer import evaluate
from harness.base.lock import lock
from harness.base.process_pool import TaskRunner
from harness.validation.cases import SOLUTION, STUBS
from tests.conftest import ROOT
from tests.pset2.quick_results import TINY

SHORT = replace(TINY, training=96, test=64, long=5)


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def session(out: Path, *parts: str, student: Path = SOLUTION, **options: Any) -> Session:
    return Session(parts, options.pop("profile", SHORT), student, out, **options)


def run_part(out: Path, part: str, **options: Any) -> Record:
    return session(out, part, **options).run(part)


# ---- which parts -------------------------------------------------------------------------------------------------


def test_every_part_of_the_handout_has_an_experiment():
    assert tuple(EXPERIMENTS) == PARTS == tuple(MODULES)


def test_parts_are_chosen_by_number():
    assert parts_of([]) == list(PARTS)
    assert parts_of(["3.3", "1"]) == ["1.1", "1.2", "3.3"]
    with pytest.raises(ValueError, match=r"there is no part 7: choose from 1\.1, 1\.2"):
        parts_of(["7"])


def test_the_full_profile_has_the_handouts_numbers():
    full = PROFILES["full"]
    assert (full.source, full.batch_size, full.halved, full.short, full.long, full.lapse, full.training) == (
        *("complete", 128, False, 5, 100),
        *(1, None),
    )


# ---- what a run leaves -------------------------------------------------------------------------------------------


def test_what_is_left_can_be_loaded_and_does_what_the_record_says(quick_results):
    test = load("cifar10", "test").halved()
    for part in ("1.1", "1.2", "3.2", "3.3", "3.4", "6.2"):
        for run in read(quick_results / part).runs:
            assert run.checkpoint is not None
            model = checkpoints.load(quick_results / part / run.checkpoint.file, run.checkpoint.architecture)  # type: ignore[arg-type]
            assert evaluate(model, test).correct == run.checkpoint.test.correct, (part, run.name)
            assert len(run.losses) == 10 * run.settings.epochs  # 320 images, 32 a step


def test_a_network_learns_and_a_rate_that_is_too_small_learns_less(quick_results):
    """Ten steps at 0.1 take the loss down from 2.3; at 0.0001 they hardly do."""
    small, right, _ = read(quick_results / "1.1").runs
    long = read(quick_results / "1.2").runs[1]
    assert sum(long.losses[-10:]) < 0.95 * sum(right.losses[:10])
    assert sum(small.losses) / 10 > 2.2


def test_both_layers_train_alike_and_the_students_takes_longer(quick_results):
    own, provided, _ = read(quick_results / "6.2").runs
    assert own.losses[:3] == pytest.approx(provided.losses[:3], rel=1e-3)
    assert sum(own.seconds) > sum(provided.seconds)


def test_pruning_removes_a_tenth_at_each_step(quick_results):
    zeros = read(quick_results / "3.3").runs[0].zeros
    assert [row[8] for row in zeros] == [9 * 256 * 26 * min(epoch, 5) for epoch in range(1, 11)]


def test_equal_seeds_leave_equal_records(tmp_path, quick_results):
    again = run_part(tmp_path, "3.2", profile=TINY)
    assert comparable(again) == comparable(read(quick_results / "3.2"))
    other = run_part(tmp_path / "other", "3.2", profile=TINY, seed=44)
    assert other.runs[0].losses != again.runs[0].losses


def test_figures_and_the_report_are_drawn_from_what_is_there(tmp_path):
    one = session(tmp_path, "2.2", "3.1", "6.1", "5.1", "2.3", "2.1")
    for part in one.parts:
        assert one.run(part).state == "complete", part
    page = one.draw()
    assert page == tmp_path / "report.html"
    text = page.read_text()
    for part in one.parts:
        figures = read(tmp_path / part).figures
        assert figures
        for name in figures:
            assert (tmp_path / part / f"{name}.png").stat().st_size > 5_000
            assert (tmp_path / part / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    assert text.count("data:image/png;base64,") == 6


# ---- stopping and going on ---------------------------------------------------------------------------------------

KILLED = """
import sys, torch
from dataclasses import replace
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.pset2.test_experiments import SHORT, SOLUTION, Session
torch.set_num_threads(1)
Session(["{part}"], SHORT, SOLUTION, Path({out!r}), save_every=0.0).run("{part}")
"""


@pytest.mark.parametrize(("part", "run"), [("3.4", "pruned"), ("6.2", "adam")])
def test_a_killed_run_that_is_resumed_leaves_the_record_of_an_uninterrupted_one(tmp_path, part, run):
    """SGD and masks in one, Adam in the other; killed while it trains, at whatever place that is."""
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    process = subprocess.Popen([sys.executable, "-c", KILLED.format(root=str(ROOT), part=part, out=str(killed))])
    state = killed / part / f"{run}.state"
    deadline = time.monotonic() + 120
    while not state.exists() and process.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.2)  # into a later epoch
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it was done before it could be killed"
    assert state.exists()
    assert read(killed / part).state == "unfinished"
    epochs: list[int] = []

    class Watch(lab_module.Nobody):
        def run_begins(self, run, images):
            epochs.append(len(run.accuracies))

    resumed = session(killed, part, resume=True, watch=Watch())
    resumed.check()
    record = resumed.run(part)
    assert 0 < epochs[-1] < 5  # it went on, and did not begin anew
    assert comparable(record) == comparable(run_part(whole, part))
    assert not state.exists()
    assert not list((killed / part).glob("*.part"))


def test_ctrl_c_keeps_what_was_done_and_the_report_shows_it(tmp_path):
    class Stop(lab_module.Nobody):
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


def test_a_damaged_state_is_begun_anew_and_the_record_says_so(tmp_path):
    (tmp_path / "3.2").mkdir()
    (tmp_path / "3.2/unpruned.state").write_bytes(b"no tensors")
    Session(["3.2"], SHORT, SOLUTION, tmp_path)
    first = session(tmp_path, "3.2", resume=True)
    record, _ = first._begin(EXPERIMENTS["3.2"])
    (tmp_path / "3.2/unpruned.state").write_bytes(b"no tensors")
    record = session(tmp_path, "3.2", resume=True).run("3.2")
    assert record.state == "complete"
    assert "SparseConvNet began anew" in record.notes[0]


def test_a_finished_part_is_kept(tmp_path):
    first = run_part(tmp_path, "3.1")
    again = session(tmp_path, "3.1", resume=True)
    assert again.run("3.1").seconds == first.seconds
    assert again.kept == {"3.1"}


# ---- nothing is lost ---------------------------------------------------------------------------------------------


def conflict(one: Session) -> str:
    with pytest.raises(ConflictError) as caught:
        one.check()
    return str(caught.value)


def test_results_that_are_there_are_not_overwritten(tmp_path, submission):
    run_part(tmp_path, "3.1")
    assert "--resume keeps them and goes on" in conflict(session(tmp_path, "3.1"))
    assert "holds results of seed 43: --replace" in conflict(session(tmp_path, "3.1", seed=7, resume=True))
    changed = submission(pruning=(SOLUTION / "pruning.py").read_text() + "\n# changed\n")
    assert "holds results of another pruning.py" in conflict(session(tmp_path, "3.1", student=changed, resume=True))
    (tmp_path / "3.1/record.json").write_text("{")
    assert "can't be read" in conflict(session(tmp_path, "3.1", resume=True))
    for options in ({"seed": 7}, {"student": changed}, {}):
        session(tmp_path, "3.1", replace=True, **options).check()


def test_quick_results_never_replace_full_ones(tmp_path):
    run_part(tmp_path, "3.1", profile=replace(SHORT, name="full"))
    assert "of the full profile, which quick ones never replace" in conflict(session(tmp_path, "3.1", replace=True))


def test_full_results_replace_quick_ones_unasked(tmp_path):
    run_part(tmp_path, "3.1")
    full = session(tmp_path, "3.1", profile=replace(SHORT, name="full"))
    full.check()
    assert full.run("3.1").profile == "full"


def test_what_is_replaced_is_kept_until_its_successor_is_complete(tmp_path, submission):
    run_part(tmp_path, "3.1")
    aside = tmp_path / "3.1.replaced"
    broken = submission(pruning="def broken(:\n")
    for _ in range(2):
        assert run_part(tmp_path, "3.1", student=broken, replace=True).state == "failed"
        assert (aside / "weights.png").exists()
    assert run_part(tmp_path, "3.1", replace=True).state == "complete"
    assert not aside.exists()


def test_two_runs_do_not_write_into_one_folder(run, tmp_path):
    with lock(tmp_path / ".lock"):
        done = run("run_experiments.py", "3.1", "--student", SOLUTION, "--out", tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("another run is writing into ")


def test_what_was_skipped_is_no_result_that_could_be_lost(tmp_path):
    assert run_part(tmp_path, "3.1", student=STUBS).state == "skipped"
    session(tmp_path, "3.1").check()


# ---- student code ------------------------------------------------------------------------------------------------


def test_stubs_are_skipped_with_the_reason(tmp_path):
    for part in PARTS:
        record = run_part(tmp_path, part, student=STUBS)
        assert record.state == "skipped", part
        assert "not implemented yet: Part" in record.reason or "is not set yet" in record.reason, part
    session(tmp_path, *PARTS, student=STUBS).draw()
    assert "LEARNING_RATES in training.py is not set yet" in (tmp_path / "report.html").read_text()


def test_an_error_in_student_code_is_one_sentence_with_its_line(tmp_path, submission):
    text = "def positional_encoding(length, depth):\n    return 1 / 0\n"
    record = run_part(tmp_path, "5.1", student=submission(transformer=text))
    assert (record.state, record.reason) == ("failed", "transformer.py, line 2: ZeroDivisionError: division by zero")
    record = run_part(tmp_path / "2", "5.1", student=submission_of(tmp_path, "def broken(:\n"))
    assert record.reason.startswith("transformer.py, line 1: SyntaxError")


def submission_of(folder: Path, transformer: str) -> Path:
    other = folder / "another"
    other.mkdir()
    (other / "transformer.py").write_text(transformer)
    return other


def test_a_missing_module_is_said(tmp_path, submission):
    record = run_part(tmp_path, "3.1", student=submission(pruning=None))
    assert (record.state, record.reason) == ("failed", "pruning.py is missing in submission/")


@pytest.mark.parametrize(
    ("part", "module", "text", "reason"),
    [
        ("2.1", "quantization", "def quantize(W, bits=8): pass", "doesn't return codes, an array, and extra arguments"),
        ("1.2", "training", "def make_scheduler(*_): pass", "make_scheduler in training.py returned a NoneType"),
        ("6.2", "depthwise", "def dw_conv_block(*_): return 5", "dw_conv_block in depthwise.py returned a int"),
        ("3.1", "pruning", "def SparseConvNet(): raise SystemExit", "the student's code ended the program"),
        ("3.1", "pruning", "def SparseConvNet(): raise NotImplementedError", "yet: SparseConvNet in pruning.py"),
    ],
)
def test_what_student_code_does_instead_is_named(tmp_path, submission, part, module, text, reason):
    student = submission(**{module: (SOLUTION / f"{module}.py").read_text() + f"\n\n{text}\n"})
    assert reason in run_part(tmp_path, part, student=student).reason


def test_other_parts_are_run_after_one_has_failed(tmp_path, submission):
    one = session(tmp_path, "2.2", "3.1", student=submission(quantization="raise ValueError('no')"))
    assert [one.run(part).state for part in one.parts] == ["failed", "complete"]


def test_a_loss_that_is_nan_is_one_sentence_and_stops_no_other_rate(tmp_path, submission):
    rates = "\nLEARNING_RATES = [1e30, 0.1]\n"
    student = submission(training=(SOLUTION / "training.py").read_text() + rates)
    record = run_part(tmp_path, "1.1", student=student)
    assert record.state == "failed"
    assert record.reason.startswith("learning rate 1e+30: the loss is nan at step ")
    assert "the training diverged, and a smaller rate is the first thing to try" in record.reason
    assert [run.finished for run in record.runs] == [False, True]


def test_constants_of_a_wrong_kind_are_said(tmp_path, submission):
    student = submission(training="LEARNING_RATES = 'fast'\nBEST_LEARNING_RATE = -1\n")
    assert "should be a list of positive numbers" in run_part(tmp_path, "1.1", student=student).reason
    assert "should be a positive number" in run_part(tmp_path, "1.2", student=student).reason


# ---- the machine -------------------------------------------------------------------------------------------------


def test_a_full_disk_ends_the_run_and_keeps_what_was_done(tmp_path, monkeypatch):
    def full(state, path, metadata=None):
        raise OSError(errno.ENOSPC, "No space left on device")

    one = session(tmp_path, "1.1")
    monkeypatch.setattr(checkpoints, "write_tensors", full)
    with pytest.raises(OSError, match="No space left"):
        one.run("1.1")
    assert len(read(tmp_path / "1.1").runs[0].accuracies) == 1


def test_no_memory_on_the_gpu_is_one_sentence(tmp_path, monkeypatch):
    def no_memory(*args, **kwargs):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    monkeypatch.setattr(part1, "ConvNet", no_memory)
    record = run_part(tmp_path, "1.1")
    assert record.state == "failed"
    assert "no memory is left on" in record.reason
    assert "--device cpu" in record.reason


def test_data_that_can_not_be_had_skip_a_part(tmp_path, monkeypatch):
    def nothing(name, split, source="fixtures"):
        raise DataError("cifar10 can't be downloaded (no network)")

    monkeypatch.setattr(lab_module, "load", nothing)
    record = run_part(tmp_path, "1.1")
    assert (record.state, record.reason) == ("skipped", "cifar10 can't be downloaded (no network)")


def test_cifar10_stands_in_for_cinic10_and_the_report_says_so(tmp_path, monkeypatch):
    asked = []

    def without_cinic10(name, split, source="fixtures"):
        asked.append(name)
        if name == "cinic10":
            raise DataError("cinic10 can't be downloaded (no network)")
        return load(name, split)

    monkeypatch.setattr(lab_module, "load", without_cinic10)
    one = session(tmp_path, "4.2", profile=replace(SHORT, source="complete"))
    record = Record("4.2", "", "quick", 43, lab_module.environment(one.device), {})
    training, _ = part4.images(one.lab(record))
    assert asked[0] == "cinic10"
    assert len(training) == 96
    assert record.stand_ins == [
        "CIFAR-10 stands in for CINIC-10, which can't be had here: cinic10 can't be downloaded (no network)."
    ]


def test_a_fault_of_this_software_is_kept_for_the_staff(tmp_path, monkeypatch):
    def fault(lab):
        raise KeyError("missing")

    monkeypatch.setattr(part1, "rates_of", fault)
    record = run_part(tmp_path, "1.1")
    assert "can't be used, or this software has a fault: KeyError: 'missing'" in record.reason
    assert "Traceback" in (tmp_path / "1.1/fault.txt").read_text()


# ---- the command -------------------------------------------------------------------------------------------------


def test_the_command_runs_parts_and_says_where_the_report_is(run, tmp_path):
    done = run("run_experiments.py", "2", "3.1", "--student", SOLUTION, "--out", tmp_path / "out", "--threads", "1")
    assert done.returncode == 0, done.stderr
    assert "✓ 2.1 Quantize and dequantize" in done.stdout
    assert "full precision 97.50 %" in done.stdout
    assert f"Report: {tmp_path / 'out/report.html'}" in done.stdout
    assert "Quick results earn no points" in done.stdout
    assert json.loads((tmp_path / "out/2.2/record.json").read_text())["values"]["2 bits"] == [0.659]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["9.1"], "there is no part 9.1: choose from"),
        (["--device", "tpu"], "--device tpu can't be used here"),
        (["--device", "cuda:77"], "--device cuda:77 can't be used here"),
        (["--student", "nowhere"], "nowhere holds none of training.py"),
        (["--student", "grader/solution", "--out", "README.md"], "README.md"),
    ],
)
def test_bad_arguments_are_one_sentence(run, arguments, sentence):
    done = run("run_experiments.py", "2.1", *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_dry_run_writes_nothing(run, tmp_path):
    done = run(
        *("run_experiments.py", "2.1", "3.2", "4.2", "--dry-run", "--student", SOLUTION),
        *("--out", tmp_path / "out", "--threads", "1"),
    )
    assert done.returncode == 0, done.stderr
    assert "3.2 Training it unpruned: about " in done.stdout
    assert "stands in for CINIC-10" in done.stdout
    assert "nothing was written" in done.stdout
    assert not (tmp_path / "out").exists()


def test_untouched_stubs_show_the_reference_where_it_is_at_hand(run, tmp_path):
    done = run("run_experiments.py", "3.1", "--out", tmp_path / "out")
    assert "student/ holds nothing but stubs yet: this runs the reference solution" in done.stdout
    assert (tmp_path / "out-reference/report.html").exists()


def test_ctrl_c_says_how_to_go_on(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "run_experiments.py", "1.1", "--student", SOLUTION, "--out", tmp_path, "--threads", "1"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
        # A test run in the background has the signal ignored, and its children with it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
    )
    assert process.stdout is not None
    process.stdout.readline()  # the first epoch is done
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Interrupted in part 1.1: what is finished is kept, and --resume goes on from there." in err
    assert "Report:" in out
    assert read(tmp_path / "1.1").state == "unfinished"


# ---- processes that die ------------------------------------------------------------------------------------------


@contextmanager
def nobody(jobs: int) -> Iterator[Executor]:
    with ProcessPoolExecutor(1, initializer=os._exit, initargs=(1,)) as executor:
        yield executor


def test_a_part_whose_process_dies_at_once_has_a_record(tmp_path):
    session = Session(["3.1"], PROFILES["quick"], SOLUTION, tmp_path)
    ((record, _),) = run_parts(session, TaskRunner(nobody, 1), "cpu", 1)
    assert record.state == "failed"
    assert "its process died" in read(tmp_path / "3.1").reason


def test_a_part_whose_process_dies_at_once_loses_no_finished_results(tmp_path):
    session = Session(["3.1"], PROFILES["quick"], SOLUTION, tmp_path, replace=True)
    finished = session.blank("3.1")
    finished.state = "complete"
    write(finished, tmp_path / "3.1")
    ((record, _),) = run_parts(session, TaskRunner(nobody, 1), "cpu", 1)
    assert record.state == "failed"
    assert read(tmp_path / "3.1").state == "complete"
