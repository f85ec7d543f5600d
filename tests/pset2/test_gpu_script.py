"""The script for a machine with a GPU: with a stand-in for Python, which needs none."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import msgspec
import pytest

from benchmarks import times_of_results
from course.records import Record, Table
from tests.conftest import ROOT
from tests.pset2.test_facts import record, run

SCRIPT = ROOT / "benchmarks" / "gpu.sh"
PYTHON = """#!/bin/sh
echo "$@" >> "{calls}"
case "$*" in
  *"-m pytest"*) echo "{said}"; exit {code} ;;
  *--jobs\\ 3*) sleep "${{SLEEP:-0}}"; [ -n "$NO_RESULTS" ] || mkdir -p "$OUT/results"; echo "14 parts are complete" ;;
  *times_of_results*) echo "the table" ;;
esac
"""


@pytest.fixture
def started(tmp_path):
    """Start the script; what it said, its exit code, and the calls of Python."""

    def start(*steps: str, said: str = "41 passed", code: int = 0, **environment: str):
        python, calls = tmp_path / "python", tmp_path / "calls"
        python.write_text(PYTHON.format(calls=calls, said=said, code=code))
        python.chmod(0o755)
        done = subprocess.run(
            ["bash", str(SCRIPT), *steps],
            env={**os.environ, "PYTHON": str(python), "OUT": str(tmp_path / "out"), **environment},
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done, calls.read_text().splitlines() if calls.exists() else []

    return start


def test_the_script_is_one_that_bash_understands():
    subprocess.run(["bash", "-n", str(SCRIPT)], check=True)
    assert os.access(SCRIPT, os.X_OK)


def test_every_step_is_run_and_has_a_row_of_the_table(started, tmp_path):
    done, calls = started()
    assert done.returncode == 0, done.stderr
    tests, validate, dry_run, full, table = calls
    assert tests.endswith("tests/pset2/test_gpu.py")
    assert validate == "-m grader validate --jobs 15"
    assert "--dry-run" in dry_run
    assert "--profile full" in full
    assert "--student grader/solution" in dry_run  # else the results of untouched stubs go to results-reference
    assert "--student grader/solution" in full
    assert table == f"-m benchmarks.times_of_results {tmp_path}/out/results"
    rows = (tmp_path / "out/times.txt").read_text()
    assert [line.split()[0] for line in rows.splitlines() if "exit code" in line] == [
        "tests", "validate", "dry-run", "full",
    ]  # fmt: skip
    assert "exit code 0    41 passed" in rows
    assert rows.endswith("the table\n")
    assert (tmp_path / "out/tests.log").read_text() == "41 passed\n"


def test_a_step_that_fails_is_told_and_the_others_run_all_the_same(started, tmp_path):
    done, calls = started("tests", "validate", said="1 failed", code=1)
    assert done.returncode == 1
    assert len(calls) == 2
    assert "exit code 1    1 failed" in (tmp_path / "out/times.txt").read_text()


def test_a_full_run_without_results_fails_and_says_so(started, tmp_path):
    done, calls = started("full", NO_RESULTS="1", STUDENT="elsewhere")
    assert done.returncode == 1
    assert done.stderr == (
        f"The full profile left no results in {tmp_path}/out/results: look into {tmp_path}/out/full.log.\n"
    )
    assert [line.partition("--student ")[2].split()[0] for line in calls] == ["elsewhere"]


def test_a_full_run_that_the_limit_stops_says_how_to_go_on(started):
    done, _ = started("full", LIMIT="1", SLEEP="30")
    assert done.returncode == 1
    assert "The limit of 1 s stopped it: run benchmarks/gpu.sh full again, and it resumes." in done.stdout


def test_an_unknown_step_runs_nothing(started):
    done, calls = started("tests", "everything")
    assert done.returncode == 2
    assert not calls
    assert done.stderr == "There is no step everything: choose from tests, validate, dry-run and full.\n"


def test_the_table_has_a_row_for_each_run_and_the_time_by_the_clock(tmp_path):
    times = Table("", ["layer", "seconds an epoch", "against the provided one", "timed steps"], [["own", 9.5, 3.0, 50]])
    parts: list[Record] = [
        record("1.1", run("rate-0.1", [0.5, 0.7], seconds=2.0)),
        record("6.2", run("yours", [0.7], seconds=1.5), tables=[times]),
    ]
    for one in parts:
        (tmp_path / one.part).mkdir()
        (tmp_path / one.part / "record.json").write_bytes(msgspec.json.encode(one))
    found = times_of_results.rows(tmp_path)
    assert ["1.1", "rate-0.1", "float32", "2.00 s", "4 s", "70.0%"] in found
    assert ["6.2", "own, 50 plain steps", "", "9.50 s", "", ""] in found
    assert found[-1] == ["all", "by the clock", "", "", "6 s", ""]


@pytest.mark.parametrize("arguments", [[], ["nowhere"]])
def test_without_a_folder_the_table_asks_for_one(arguments, capsys):
    assert times_of_results.main(arguments) == 2
    assert "Name one folder of results" in capsys.readouterr().err


def test_a_folder_without_results_has_no_rows(tmp_path):
    assert times_of_results.rows(Path(tmp_path)) == []
