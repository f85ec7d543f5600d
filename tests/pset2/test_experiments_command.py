"""The command run_experiments.py: what it prints, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from course.records import read
from harness.base.lock import lock
from harness.validation.cases import SOLUTION
from tests.conftest import ROOT


def test_two_runs_do_not_write_into_one_folder(run, tmp_path):
    with lock(tmp_path / ".lock"):
        done = run("run_experiments.py", "3.1", "--student", SOLUTION, "--out", tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("another run is writing into ")


def test_the_command_runs_parts_and_says_where_the_report_is(run, tmp_path):
    done = run("run_experiments.py", "2", "3.1", "--student", SOLUTION, "--out", tmp_path / "out", "--threads", "1")
    assert done.returncode == 0, done.stderr
    assert "✓ 2.1 Quantize and dequantize" in done.stdout
    assert "test accuracy 97.50 % (full precision)" in done.stdout
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
