"""The command line: what it prints, and with which exit code."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time

import pytest
import typer

from harness import cli
from harness.catalog import RESULTS, read_suites
from harness.host.failures import SandboxError
from harness.validation.cases import SOLUTION
from tests.conftest import MAXIMUM, OF_CODE, ROOT


def test_a_graded_solution(run, tmp_path, read_report):
    path = tmp_path / "results.json"
    result = run("-m", "grader", "grade", SOLUTION, "--json", path)
    assert result.returncode == 0
    assert f"{OF_CODE:g} / {MAXIMUM:g}" in result.stdout
    assert "No full results yet (run_experiments.py): 1.1, 1.2, 3.2, 3.3, 3.4, 4.2, 6.2" in result.stdout
    assert "run_experiments.py 1.1 --profile full" in result.stdout
    report = read_report(path)
    assert report["score"] == OF_CODE == 182
    assert report["extra_data"]["maximum"] == MAXIMUM == 203
    assert report["extra_data"]["undecided"] == 0
    assert all(row["status"] == "passed" for row in report["tests"] if RESULTS not in row.get("tags", []))
    assert report["leaderboard"][0]["value"] == pytest.approx(0.5, abs=0.01)
    assert result.stderr == ""


def test_a_page_with_pictures_and_notes(run, tmp_path):
    page = tmp_path / "report.html"
    done = run("-m", "grader", "grade", SOLUTION, "--part", "5.1a", "--part", "5.1t", "--html", page)
    assert done.returncode == 0, done.stderr
    assert f"Report: {page}" in done.stdout
    text = page.read_text(encoding="utf-8")
    assert "data:image/png;base64," in text
    assert "unseen sequences were right" in text


def test_the_stubs_are_graded_with_exit_code_0(run):
    result = run("-m", "grader", "grade", "student", "--part", "1", "--part", "6.1")
    assert result.returncode == 0
    assert "Total" in result.stdout
    assert "Nothing of this is implemented yet" in result.stdout


def test_a_folder_with_a_student_folder_in_it_is_a_submission(run, tmp_path):
    folder = tmp_path / "alice"
    (folder / "student").mkdir(parents=True)
    (folder / "student" / "depthwise.py").write_text((SOLUTION / "depthwise.py").read_text())
    result = run("-m", "grader", "grade", folder, "--part", "6.2a", "--part", "6.2b")
    assert "CS 2420 PSet 2: alice" in result.stdout
    assert "3 / 3" in result.stdout


def test_a_missing_module_costs_its_part_only(run, submission):
    result = run("-m", "grader", "grade", submission(quantization=None), "--part", "2", "--part", "6.1")
    assert result.returncode == 0
    assert "quantization.py is missing from the submission." in result.stdout
    assert "22 / 22" in result.stdout
    quantization = sum(test.points for test in read_suites() if test.number.startswith("2"))
    assert f"22 / {22 + quantization:g}" in result.stdout


def test_a_seed_repeats_a_run(run, submission, tmp_path, read_report):
    folder = submission(quantization="def quantize(W, bits=8):\n    print(float(W.ravel()[0]))\n")
    printed = []
    for name, seed in [("a", "1"), ("b", "1"), ("c", "2")]:
        run("-m", "grader", "grade", folder, "--part", "2.1a", "--seed", seed, "--json", tmp_path / name)
        rows = {row["number"]: row for row in read_report(tmp_path / name)["tests"]}
        printed.append(rows["2.1a"]["output"])
    assert printed[0] == printed[1] != printed[2]
    assert "Your code printed" in printed[0]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere"], "nowhere does not exist: name a folder with training.py"),
        (["README.md"], "README.md can't be graded: name a folder with"),
        (["{tmp}"], "is empty: name a folder with"),
        (["docs"], "docs holds neither a notebook nor one of the modules: name a folder"),
        (["{tmp}/one.zip"], "one.zip is damaged or not an archive: pack it again"),
        (["student", "--part", "7"], "There is no test of part 7: choose one of 1.1, "),
        (["student", "--part", "two"], "There is no test of part two"),
        (["student", "--json", "nowhere/results.json"], "The report can't be written"),
        (["student", "--json", "{tmp}"], "is a folder; name a file"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(run, tmp_path, arguments, sentence):
    if arguments[0].endswith(".zip"):
        (tmp_path / "one.zip").write_bytes(b"PK")
    result = run("-m", "grader", "grade", *(argument.format(tmp=tmp_path) for argument in arguments))
    assert result.returncode == 2
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_who_stops_it_while_student_code_runs_gets_the_report_as_it_was(submission, tmp_path, jobs):
    folder = submission(quantization="def quantize(W, bits=8):\n    while True:\n        pass\n")
    report = tmp_path / "results.json"
    process = subprocess.Popen(
        [sys.executable, "-m", "grader", "grade", folder, "--part", "2", "--jobs", jobs, "--json", report],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    ends = time.monotonic() + 120
    while time.monotonic() < ends and (not report.exists() or "had not finished" not in report.read_text()):
        time.sleep(0.1)
    process.terminate()  # as Ctrl-C, which a shell may have switched off for this test
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert "incomplete" in said


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_plugins_of_pytest_that_happen_to_be_installed_change_nothing(run, tmp_path, monkeypatch, jobs):
    about = tmp_path / "unhelpful-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: unhelpful\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[pytest11]\nunhelpful = unhelpful\n")
    (tmp_path / "unhelpful.py").write_text("def pytest_collection_modifyitems(items):\n    items.clear()\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    result = run("-m", "grader", "grade", SOLUTION, "--part", "2.1a", "--part", "2.1b", "--jobs", jobs)
    assert "2.1   Quantize and dequantize" in result.stdout
    assert "The grader had a fault" not in result.stdout
    assert "✓✓" in result.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="there is no server to be started")
def test_where_no_sandbox_can_be_started_the_doctor_says_so(monkeypatch, capsys):
    from harness.host.fork import ForkLauncher

    def silent(self: object) -> None:
        raise SandboxError("the sandbox's server doesn't answer: it ended")

    monkeypatch.setattr(ForkLauncher, "_wait_until_ready", silent)
    with pytest.raises(typer.Exit) as ending:
        cli.doctor()
    assert ending.value.exit_code == 1
    assert capsys.readouterr().err == ("Nothing can be graded here: the sandbox's server doesn't answer: it ended\n")


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
def test_make_grades_the_parts_that_are_named():
    done = subprocess.run(
        ["make", "--dry-run", "grade", "PART=2.1 3.3a"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert 'grader grade "student" --part 2.1 --part 3.3a' in done.stdout
