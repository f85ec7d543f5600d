"""The command run_experiments.py: what it prints, and how it ends."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from rich.console import Console

from course.experiments.cli import Screen, run_session
from course.experiments.device import device_of
from course.experiments.progress import Display
from course.records import Record, read
from harness import gpu_driver
from harness.base.lock import lock
from harness.validation.cases import SOLUTION, STUBS
from tests.conftest import ROOT
from tests.pset2.short_sessions import session


def test_two_runs_do_not_write_into_one_folder(run, tmp_path):
    with lock(tmp_path / ".lock"):
        done = run("run_experiments.py", "3.1", "--student", SOLUTION, "--out", tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("Another run is writing into ")


def test_the_command_runs_parts_and_says_where_the_report_is(run, tmp_path):
    done = run("run_experiments.py", "2", "3.1", "--student", SOLUTION, "--out", tmp_path / "out", "--threads", "1")
    assert done.returncode == 0, done.stderr
    assert "✓ 2.1 Quantize and dequantize" in done.stdout
    assert "test accuracy 97.50 % (full precision)" in done.stdout
    assert f"Report: {tmp_path / 'out/report.html'}" in done.stdout
    assert "earn no points" not in done.stdout  # what these parts compute is graded with the code
    assert json.loads((tmp_path / "out/2.2/record.json").read_text())["values"]["2 bits"] == [0.659]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["9.1"], "There is no part 9.1: choose from"),
        (["--device", "tpu"], "--device tpu can't be used here"),
        (["--device", "cuda:77"], ", or use --device cpu"),
        (["--student", "nowhere"], "nowhere holds none of training.py"),
        (["--student", "README.md"], "README.md is a file, and --student takes a folder with the modules: make one"),
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
    assert "Nothing was written." in done.stdout
    assert not (tmp_path / "out").exists()


def test_untouched_stubs_show_the_reference_where_it_is_at_hand(run, tmp_path):
    done = run("run_experiments.py", "3.1", "--out", tmp_path / "out")
    assert "student/ has only stubs so far: the reference solution runs" in done.stdout
    assert (tmp_path / "out-reference/report.html").exists()


# ---- how it ends -------------------------------------------------------------------------------------------------


def test_a_part_that_was_asked_for_by_name_and_is_no_more_than_a_stub_gives_1(run, tmp_path):
    done = run("run_experiments.py", "3.1", "--student", STUBS, "--out", tmp_path)
    assert done.returncode == 1
    assert "not implemented yet" in done.stdout


def test_stubs_among_others_give_0(run, tmp_path):
    done = run("run_experiments.py", "3", "--student", STUBS, "--out", tmp_path)
    assert done.returncode == 0


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_data_that_can_not_be_used_give_1_and_one_sentence(run, tmp_path, monkeypatch, options):
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "nowhere"))
    full = ("1", "--profile", "full", "--device", "cpu", "--student", SOLUTION, "--out", tmp_path / "out")
    done = run("run_experiments.py", *full, *options)
    assert done.returncode == 1
    assert f"DATA_DIR names {tmp_path / 'nowhere'}, which is not a folder" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.skipif(torch.cuda.is_available(), reason="the device can be used")
@pytest.mark.parametrize("name", ["cuda", "cuda:1"])
def test_a_gpu_that_can_not_be_used_has_the_reason_that_the_image_gives(name):
    reason = gpu_driver.find(name, container=gpu_driver.in_container()).sentence.rstrip(".")
    with pytest.raises(ValueError, match="No GPU can be used here: ") as refused:
        device_of(name)
    assert str(refused.value) == f"{reason}, or use --device cpu"  # and cuda, which was refused, is not offered


@pytest.mark.skipif(torch.cuda.is_available(), reason="the full profile runs on the GPU")
def test_the_full_profile_on_a_cpu_has_to_be_asked_for(run, tmp_path):
    full = ("3.1", "--profile", "full", "--student", SOLUTION, "--out", tmp_path / "out", "--threads", "1")
    done = run("run_experiments.py", *full)
    assert done.returncode == 2
    assert done.stderr.startswith("No GPU can be used here: ")
    assert done.stderr.endswith(", or add --device cpu to run --profile full on the CPU, which takes many hours.\n")
    assert done.stderr.count("\n") == 1
    assert run("run_experiments.py", *full, "--device", "cpu").returncode == 0
    assert run("run_experiments.py", *full, "--dry-run").returncode == 0


# ---- interrupted -------------------------------------------------------------------------------------------------


def interrupted(*arguments: str | Path, after: set[str], by: signal.Signals) -> tuple[str, str]:
    """What it prints, and what it says of its errors, where a signal stops it after lines that begin like these."""
    process = subprocess.Popen(
        [sys.executable, "tests/pset2/tiny_experiments.py", *arguments, "--student", SOLUTION, "--threads", "1"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NO_COLOR": "1", "PYTHONPATH": str(ROOT)},
        # A test run in the background has the signal ignored, and its children with it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
    )
    assert process.stdout is not None
    left = set(after)
    while left:
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        left -= {begins for begins in left if line.strip().startswith(begins)}
    process.send_signal(by)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130
    return out, err


def test_ctrl_c_says_how_to_go_on(tmp_path):
    out, err = interrupted("3.3", "--out", tmp_path, after={"3.3 half of the filters"}, by=signal.SIGINT)
    assert "Interrupted in part 3.3: finished work is kept, and --resume continues from there." in err
    assert "unfinished" in out  # the table has a row for what was interrupted
    assert "Quick results of 3.3 earn no points" in out
    assert "No part was finished in this session." in out
    assert "by the clock" not in out
    assert "Report:" in out
    assert read(tmp_path / "3.3").state == "unfinished"


def test_an_interruption_names_all_parts_that_were_running(tmp_path):
    _, err = interrupted(
        *("3.3", "3.4", "--jobs", "2", "--out", tmp_path), after={"3.3 half", "3.4 half"}, by=signal.SIGTERM
    )
    assert "Interrupted in parts 3.3 and 3.4: finished work is kept" in err
    for part in ("3.3", "3.4"):
        record = read(tmp_path / part)
        assert record.state == "unfinished"
        assert record.runs[0].accuracies
        assert record.sessions[0].seconds > 0


def test_an_interruption_before_a_part_began_shows_no_empty_table(tmp_path):
    def at_once() -> Iterator[tuple[Record, bool]]:
        yield from ()
        raise KeyboardInterrupt

    out, err = io.StringIO(), io.StringIO()
    screen = Screen(Console(file=out), Console(file=err, soft_wrap=True), Display(Console(file=out)))
    assert run_session(session(tmp_path, "1.1"), screen, at_once()) == ([], 130)
    assert out.getvalue() == ""
    assert err.getvalue() == "Interrupted before any part began: run the same command again.\n"
