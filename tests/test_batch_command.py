"""``python -m grader batch``: classes that are graded, killed, gone on with, and refused."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from harness.validation.cases import SOLUTION, STUBS, write_modules
from tests.classes import check_grades, rows, write_class
from tests.conftest import ROOT


def test_a_batch_that_is_killed_goes_on(run, tmp_path):
    folder, out = tmp_path / "class", tmp_path / "grades"
    kinds = write_class(folder, 5)
    batch = subprocess.Popen(
        [sys.executable, "-m", "grader", "batch", folder, "--out", out, "--jobs", "2"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    lines = out / "journal.jsonl"
    ends = time.monotonic() + 240
    while time.monotonic() < ends and (not lines.exists() or lines.read_bytes().count(b"\n") < 2):
        time.sleep(0.1)
    batch.kill()
    batch.wait()
    kept = lines.read_bytes()
    assert 2 <= kept.count(b"\n") < len(kinds)
    done = run("-m", "grader", "batch", folder, "--out", out, "--resume", "--jobs", "2", timeout=500)
    assert done.returncode == 0, done.stderr
    assert lines.read_bytes().startswith(kept)
    check_grades(out, kinds)
    assert "Equal code" in (out / "index.html").read_text()


def test_only_what_has_changed_is_graded_again(run, tmp_path):
    folder, out = tmp_path / "class", tmp_path / "grades"
    for name in ("ada", "alan"):
        write_modules(STUBS, folder / name)
    first = run("-m", "grader", "batch", folder, "--out", out)
    assert first.returncode == 0, first.stderr
    refused = run("-m", "grader", "batch", folder, "--out", out)
    assert refused.returncode == 2
    assert "already holds grades: keep those that are still valid with --resume" in refused.stderr
    (folder / "alan" / "depthwise.py").write_text((SOLUTION / "depthwise.py").read_text())
    (folder / "grace.ipynb").write_text("{")
    second = run("-m", "grader", "batch", folder, "--out", out, "--resume")
    assert second.returncode == 0, second.stderr
    assert "ada: unchanged" in second.stderr
    assert len((out / "journal.jsonl").read_bytes().splitlines()) == 4
    graded = {row["Student"]: row for row in rows((out / "grades.csv").read_text())}
    assert float(graded["alan"]["Automatic"]) > 0 == float(graded["ada"]["Automatic"])
    assert graded["grace"]["Status"] == "nothing to grade"


def test_ctrl_c_leaves_a_table_and_says_how_to_go_on(run, tmp_path):
    folder, out = tmp_path / "class", tmp_path / "grades"
    for index in range(8):
        write_modules(STUBS, folder / f"student{index}")
        (folder / f"student{index}" / "depthwise.py").write_text((SOLUTION / "depthwise.py").read_text())
    batch = subprocess.Popen(
        [sys.executable, "-m", "grader", "batch", folder, "--out", out],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,  # a shell may have switched it off
    )
    ends = time.monotonic() + 240
    while time.monotonic() < ends and not (out / "journal.jsonl").exists():
        time.sleep(0.1)
    os.killpg(batch.pid, signal.SIGINT)  # as a terminal does it: to all processes
    said, errors = batch.communicate(timeout=60)
    assert batch.returncode == 130
    assert "Interrupted: run the same command with --resume to continue." in said
    assert "Traceback" not in errors
    statuses = [row["Status"] for row in rows((out / "grades.csv").read_text())[1:]]
    assert {"graded", "not graded yet"} == set(statuses)
    assert (out / "index.html").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{class}", "--out", "{class}"], "holds the submissions themselves"),
        (["{class}", "--out", "{other}"], "holds something else"),
        (["{class}", "--out", "{file}"], "is a file"),
        (["{nowhere}"], "does not exist"),
    ],
)
def test_nothing_is_lost_by_a_wrong_path(run, tmp_path, arguments, said):
    places = {name: tmp_path / name for name in ("class", "other", "file", "nowhere")}
    write_modules(STUBS, places["class"] / "ada")
    (places["other"] / "mine").mkdir(parents=True)
    places["file"].write_text("mine")
    done = run("-m", "grader", "batch", *(argument.format(**places) for argument in arguments), cwd=ROOT)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert places["file"].read_text() == "mine"
