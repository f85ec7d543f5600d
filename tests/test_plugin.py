"""The suites under pytest, as a user starts it: selections, processes, debugging, and faults of the grader itself."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from harness.catalog import read_suites
from harness.denormals import small_numbers_as_zero
from harness.edition import edited
from harness.gradebook import State
from harness.grading import RunOptions, grade
from harness.validation.cases import SOLUTION
from tests.conftest import MAXIMUM, OF_CODE, ROOT

PART_2 = "grader/suites/test_part2_quantization.py"
PART_6 = "grader/suites/test_part6_depthwise.py"
QUICK = tuple(word for part in ("2", "6.1", "6.2a", "6.2b", "6.2c") for word in ("--part", part))
QUICK_POINTS = sum(test.points for test in read_suites() if test.number.startswith(QUICK[1::2]))


def states(report: dict) -> dict[str, str]:
    return {row["number"]: row["extra_data"]["state"] for row in report["tests"]}


def test_pytest_grades_the_stubs_and_prints_the_table(run):
    result = run("-m", "pytest")
    assert result.returncode == 1  # as always where not everything passed
    assert f"0 / {MAXIMUM:g}" in result.stdout
    assert f"{len(read_suites())} not implemented" in result.stdout
    assert "Nothing is implemented yet. Start with part 1.1" in result.stdout
    assert "Traceback" not in result.stdout + result.stderr


def test_a_file_and_a_keyword_select_tests(run):
    result = run("-m", "pytest", PART_2, "-k", "stochastic", "--submission", SOLUTION)
    assert result.returncode == 0
    assert "7 passed" in result.stdout
    assert "Quantize and dequantize" not in result.stdout
    assert "Everything that was graded here passed." in result.stdout


def test_a_run_by_the_grader_has_the_last_resort_against_hanging_and_no_other_plugin(launcher):
    class Watch:
        def pytest_configure(self, config: pytest.Config) -> None:
            self.seconds = config.getini("timeout")  # an error where nobody asks for it
            self.others = [found.project_name for _, found in config.pluginmanager.list_plugin_distinfo()]

    watch = Watch()
    assert grade(SOLUTION, parts=("2.1a",), launcher=launcher, watch=watch).score > 0
    assert float(watch.seconds) == 600
    assert watch.others == []


@pytest.mark.parametrize("before", [False, True])
def test_a_run_leaves_the_processors_arithmetic_as_it_was(before, launcher):
    torch.set_flush_denormal(before)
    try:
        grade(SOLUTION, parts=("2.1",), launcher=launcher)
        assert (sys.float_info.min / 2 == 0) is before
        with small_numbers_as_zero():
            assert sys.float_info.min / 2 == 0
        assert (sys.float_info.min / 2 == 0) is before
    finally:
        torch.set_flush_denormal(False)


def test_collecting_only_starts_nothing(run):
    result = run("-m", "pytest", "--collect-only", "-q")
    assert f"{len(read_suites())} tests collected" in result.stdout
    assert "score" not in result.stdout


def test_processes_in_parallel_come_to_the_same_verdicts(run, submission, tmp_path, read_report):
    broken = submission(depthwise="import os\nos._exit(0)\n")
    text = (broken / "quantization.py").read_text()
    (broken / "quantization.py").write_text(text.replace("np.round(scaled)", "np.floor(scaled)"))
    reports = []
    for jobs in ("1", "2"):
        path = tmp_path / f"{jobs}.json"
        run("-m", "grader", "grade", broken, "--json", path, "--jobs", jobs, "--seed", "7", *QUICK)
        reports.append(read_report(path))
    assert states(reports[0]) == states(reports[1])
    assert reports[0]["score"] == reports[1]["score"] > 0
    outputs = [[row["output"] for row in report["tests"]] for report in reports]
    assert outputs[0] == outputs[1]
    assert [report["extra_data"]["seed"] for report in reports] == [7, 7]


def test_xdist_by_pytest_itself(run):
    result = run("-m", "pytest", "-n", "2", "--submission", SOLUTION, PART_2, PART_6)
    assert result.returncode == 0
    assert f"{QUICK_POINTS:g} / {QUICK_POINTS:g}" in result.stdout


@pytest.mark.slow
def test_spawned_workers_come_to_the_same_verdicts(tmp_path):
    gradebook = grade(SOLUTION, parts=QUICK[1::2], options=RunOptions(sandbox="spawn"))
    assert gradebook.score == QUICK_POINTS


@pytest.mark.slow
def test_in_process_comes_to_the_same_verdicts():
    gradebook = grade(SOLUTION, options=RunOptions(in_process=True))
    assert gradebook.score == OF_CODE


def test_a_debugger_stops_in_the_students_own_frame(run, submission):
    folder = submission(quantization="def quantize(W, bits=8):\n    secret = 41 + 1\n    return secret / 0\n")
    arguments = ["-m", "pytest", PART_2, "-k", "same_shape", "--submission", folder, "--in-process", "--pdb"]
    result = run(*arguments, stdin="p secret * 100\nq\n")
    assert "4200" in result.stdout
    assert "quantization.py, line 3, in quantize" in result.stdout


def test_after_a_failed_check_a_debugger_stops_where_the_function_was_called(run, submission):
    folder = submission(quantization="def quantize(W, bits=8):\n    return W[1:], (1.0, 0.0)\n")
    arguments = ["-m", "pytest", PART_2, "-k", "same_shape", "--submission", folder, "--in-process", "--pdb"]
    result = run(*arguments, stdin="p student.quantization.quantize('abc')[0] * 2\nq\n")
    assert "'bcbc'" in result.stdout  # the test's own frame, in which the function can be called again


def test_breakpoint_works_in_process(run, submission):
    folder = submission(
        quantization="def quantize(W, bits=8):\n    secret = 41 + 1\n    breakpoint()\n    return secret\n"
    )
    arguments = ["-m", "pytest", PART_2, "-k", "same_shape", "--submission", folder, "--in-process"]
    result = run(*arguments, stdin="p secret * 100\nc\n")
    assert "4200" in result.stdout


def test_the_report_says_how_large_a_share_is_frozen(launcher, submission):
    text = (SOLUTION / "finetuning.py").read_text(encoding="utf-8")
    text += "\n\ndef freeze_early_layers(model):\n    model.conv1.weight.requires_grad_(False)\n    return model\n"
    gradebook = grade(submission(finetuning=text), parts=("4.1d",), launcher=launcher)
    (outcome,) = [outcome for test, outcome in gradebook.results if test.number == "4.1d"]
    assert outcome.state is State.PASSED
    assert outcome.message == "9,408 of 11,689,512 parameters (0.1%) are frozen."


def test_prints_of_student_code_are_in_the_message(run, submission):
    folder = submission(quantization="def quantize(W, bits=8):\n    print('so far', W.shape)\n    return None\n")
    result = run("-m", "pytest", PART_2, "-k", "same_shape", "--submission", folder)
    assert "quantize returned None." in result.stdout
    assert "Your code printed:\nso far (100,)" in result.stdout
    assert "site-packages" not in result.stdout


def test_a_conftest_in_a_submission_is_not_loaded(run, submission):
    folder = submission()
    (folder / "conftest.py").write_text("raise SystemExit('loaded')\n")
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --collect-only\n")
    (folder / "sitecustomize.py").write_text("raise SystemExit('loaded')\n")
    result = run("-m", "grader", "grade", folder, *QUICK)
    assert f"{QUICK_POINTS:g} / {QUICK_POINTS:g}" in result.stdout


def test_a_wrong_path_is_one_sentence(run):
    result = run("-m", "pytest", "--submission", "nowhere")
    assert result.returncode == 4
    assert "nowhere does not exist: name a folder with training.py" in result.stderr
    assert "Traceback" not in result.stderr


# ---- faults of the grader itself ---------------------------------------------------------------------------


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the repository with two of the suites, to break."""
    folder = tmp_path / "copy"
    folder.mkdir()
    for name in ("grader", "harness", "course", "fixtures", "student"):
        ignore = shutil.ignore_patterns(
            "__pycache__", "cifar10*", "convnet*", "test_part[1345]*", "test_results*", "cases"
        )
        shutil.copytree(ROOT / name, folder / name, ignore=ignore)
    for name in ("pyproject.toml",):
        shutil.copy(ROOT / name, folder)
    (folder / "harness" / "edition.py").write_text(edited("students"))  # in the staff's, all suites must be there
    return folder


def test_a_suite_that_cannot_be_imported_is_reported_and_the_rest_is_graded(run, copy, tmp_path, read_report):
    suite = copy / PART_2
    suite.write_text(suite.read_text() + "\nraise RuntimeError('a broken suite')\n")
    result = run("-m", "grader", "grade", "grader/solution", "--json", tmp_path / "r.json", cwd=copy)
    assert result.returncode == 0
    report = read_report(tmp_path / "r.json")
    part_2 = [row for row in report["tests"] if row["number"].startswith("2.")]
    assert all("a broken suite" in row["extra_data"]["fault"] for row in part_2)
    assert all("doesn't count against you" in row["output"] for row in part_2)
    assert report["extra_data"]["maximum"] == QUICK_POINTS
    assert report["extra_data"]["undecided"] == sum(row["max_score"] for row in part_2)
    assert report["score"] == QUICK_POINTS - report["extra_data"]["undecided"]


def test_an_exception_in_a_test_is_a_fault_and_not_the_students(run, copy, tmp_path, read_report):
    suite = copy / PART_2
    text = suite.read_text()
    suite.write_text(text.replace("    W = np.array([400.0, 500.0, 600.0])\n", "    W = undefined_name\n", 1))
    result = run("-m", "grader", "grade", "grader/solution", "--json", tmp_path / "r.json", cwd=copy)
    report = read_report(tmp_path / "r.json")
    row = next(row for row in report["tests"] if row["number"] == "2.1b")
    assert "undefined_name" in row["extra_data"]["fault"]
    assert report["score"] == QUICK_POINTS - row["max_score"]
    assert "This is not your mistake" in result.stdout


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_grader_that_dies_in_a_test_leaves_a_valid_report(run, copy, tmp_path, read_report, jobs):
    suite = copy / PART_2
    text = suite.read_text()
    start = "    W = np.array([400.0, 500.0, 600.0])\n"
    suite.write_text(text.replace(start, "    __import__('os')._exit(1)\n" + start, 1))
    run("-m", "grader", "grade", "grader/solution", "--json", tmp_path / "r.json", "--jobs", jobs, cwd=copy)
    report = read_report(tmp_path / "r.json")
    assert report["extra_data"]["maximum"] == QUICK_POINTS
    row = next(row for row in report["tests"] if row["number"] == "2.1b")
    assert row["extra_data"]["state"] == "not run"
    if jobs == "2":  # another process goes on
        assert "crashed" in row["extra_data"]["fault"]
        assert report["score"] == QUICK_POINTS - row["max_score"]


def test_a_copy_without_the_hidden_tests_says_how_many_points_are_decided_later(run, tmp_path, read_report):
    folder = tmp_path / "handout"
    for name in ("grader", "harness", "course", "fixtures", "student"):
        ignore = shutil.ignore_patterns("__pycache__", "test_part1_hidden.py", "solution", "cases")
        shutil.copytree(ROOT / name, folder / name, ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / "harness" / "edition.py").write_text(edited("students"))
    (folder / "student" / "training.py").write_text((SOLUTION / "training.py").read_text())
    report = tmp_path / "r.json"
    result = run("-m", "grader", "grade", "student", "--json", report, cwd=folder)
    hidden = sum(test.points for test in read_suites() if test.hidden)
    assert f"{hidden:g} point of the 203 is decided by tests whose results are shown later" in " ".join(
        result.stdout.split()
    )
    assert read_report(report)["extra_data"]["maximum"] == MAXIMUM - hidden
    assert read_report(report)["score"] == 7


def test_an_internal_error_of_pytest_leaves_a_report(run, copy, tmp_path, read_report):
    conftest = copy / "grader" / "suites" / "conftest.py"
    conftest.write_text(
        conftest.read_text() + "\n\ndef pytest_runtest_logstart(nodeid):\n"
        "    if 'example' in nodeid:\n        raise RuntimeError('an internal error')\n"
    )
    run("-m", "grader", "grade", "grader/solution", "--json", tmp_path / "r.json", cwd=copy)
    report = read_report(tmp_path / "r.json")
    assert report["extra_data"]["maximum"] == QUICK_POINTS
    assert any("an internal error" in fault for fault in report["extra_data"]["faults"])


def test_where_nothing_works_the_exit_code_says_so(run, copy):
    server = ROOT / "harness" / "worker" / "server.py"
    text = server.read_text().replace(
        "def main(control_fd: int, scratch: str, *without: str) -> None:\n",
        "def main(control_fd: int, scratch: str, *without: str) -> None:\n    raise RuntimeError('no server')\n",
        1,
    )
    (copy / "harness" / "worker" / "server.py").write_text(text)
    result = run("-m", "grader", "grade", "grader/solution", "--part", "6.1", cwd=copy)
    assert result.returncode == 2
    assert "Nothing could be graded" in result.stderr
    assert "no server" in result.stdout


@pytest.mark.slow
def test_a_run_that_is_killed_leaves_a_valid_report(submission, tmp_path, read_report):
    folder = submission(depthwise="while True:\n    pass\n")
    path = tmp_path / "results.json"
    process = subprocess.Popen(
        [sys.executable, "-m", "grader", "grade", str(folder), "--json", str(path), *QUICK],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:  # until part 2 is done and part 6 hangs
        if path.exists() and read_report(path)["score"] >= 47:
            break
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    report = read_report(path)
    assert report["score"] == 47
    assert report["extra_data"]["maximum"] == MAXIMUM
    assert states(report)["6.2c"] == State.NOT_RUN.value
    assert [one.name for one in tmp_path.glob(".results*")] == []


@pytest.mark.slow
def test_a_line_number_of_any_size_costs_the_test_alone_in_several_processes(tmp_path):
    """What student code says of itself goes on from one process to the other, which has 32 bits for an integer."""
    (tmp_path / "quantization.py").write_text(
        "def quantize(W, bits=8):\n    raise SyntaxError('x', (__file__, -2**40, 1, 'y'))\n"
        "def dequantize(codes, args):\n    raise SyntaxError('x', (__file__, 2**40, 1, 'y'))\n"
    )
    gradebook = grade(tmp_path, parts=("2.1",), options=RunOptions(jobs=2))
    outcomes = [outcome for test, outcome in gradebook.results if gradebook.is_selected(test)]
    assert not any(outcome.fault for outcome in outcomes)
    assert not gradebook.faults
    assert any(outcome.location for outcome in outcomes)
    assert all(0 <= line.line < 2**31 for outcome in outcomes for line in outcome.location)
