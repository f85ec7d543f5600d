"""Experiments of a submission, run again by who grades."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from course.records import Record, read
from grader import rerun
from harness import gpu
from harness.gradebook import Outcome, State
from harness.grading import grade
from harness.submission.intake import find
from harness.validation.cases import SOLUTION

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no sandbox")


@pytest.fixture
def again(submission, tmp_path) -> Callable[..., tuple[Record, list[str]]]:
    """Run part 2.1 of a submission with these modules again."""

    def run_again(**modules: str) -> tuple[Record, list[str]]:
        said: list[str] = []
        out = tmp_path / "made"
        made = rerun.rerun(find(submission(**modules)), out, profile="quick", parts=("2.1",), tell=said.append)
        assert made.results == out
        assert "run again here (profile quick)" in made.notes[-1]
        return read(out / "2.1"), said

    return run_again


def of_solution(module: str, more: str) -> str:
    return (SOLUTION / f"{module}.py").read_text() + "\n\n" + more


def test_results_are_made_of_the_code_that_is_graded(again):
    record, said = again()
    assert record.state == "complete"
    assert said == ["2.1 Quantize and dequantize: complete"]


HOSTILE = """
def quantize(W, bits=8):
    refused = []
    for action in (
        lambda: open({root!r} + "/harness/checks.py").read(),
        lambda: open({root!r} + "/grader/problem.toml").read(),
        lambda: open({other!r}, "w").write("changed"),
        lambda: __import__("socket").socket(),
        lambda: __import__("os").fork(),
    ):
        try:
            action()
        except OSError as error:
            refused.append(error.errno)
        else:
            refused.append("got through")
    raise ValueError(refused)
"""


def test_student_code_is_behind_the_wall_there_too(again, tmp_path):
    other = tmp_path / "grades.csv"
    other.write_text("as it was")
    hostile = HOSTILE.format(root=str(SOLUTION.parent.parent), other=str(other))
    record, _ = again(quantization=of_solution("quantization", hostile))
    assert record.state == "failed"
    assert "got through" not in record.reason
    assert record.reason.count("13") + record.reason.count("1,") >= 2
    assert other.read_text() == "as it was"


def test_code_that_ends_the_process_ends_the_experiments_alone(submission, tmp_path):
    said: list[str] = []
    killer = find(
        submission(quantization=of_solution("quantization", "def quantize(W, bits=8): __import__('os')._exit(3)"))
    )
    made = rerun.rerun(killer, tmp_path / "made", profile="quick", parts=("2.1",), tell=said.append)
    assert said == ["The experiments ended early (exit code 3): what they had done is graded."]
    assert made.results is not None
    assert read(made.results / "2.1").state == "unfinished"


def test_an_endless_loop_ends_with_the_hours_and_what_was_done_is_kept(submission, tmp_path):
    said: list[str] = []
    text = "def quantize_model(model, bits=8, stochastic=False):\n    while True: pass"
    made = rerun.rerun(
        find(submission(quantization=of_solution("quantization", text))),
        tmp_path / "made",
        profile="quick",
        parts=("2.1", "2.2"),
        hours=30 / 3600,
        tell=said.append,
    )
    assert said[0] == "2.1 Quantize and dequantize: complete"
    assert said[-1] == "The experiments ended early (after 0.00833333 hours): what they had done is graded."
    assert made.results is not None
    assert [read(made.results / part).state for part in ("2.1", "2.2")] == ["complete", "unfinished"]


def test_a_folder_of_something_else_is_left_alone(submission, tmp_path):
    (tmp_path / "thesis.tex").write_text("years")
    with pytest.raises(rerun.RerunError, match="holds something else: name a new folder"):
        rerun.rerun(find(submission()), tmp_path, profile="quick", parts=("2.1",))
    assert (tmp_path / "thesis.tex").read_text() == "years"


@pytest.mark.parametrize("stamp", [None, "", "0" * 64])
def test_results_of_other_code_are_not_taken_up(submission, tmp_path, stamp):
    """The records of 1.1 and 3.2 name no module: another student's would pass for this one's."""
    made = tmp_path / "made"
    (made / "1.1").mkdir(parents=True)
    if stamp is not None:
        (made / rerun.STAMP).write_text(stamp)
    with pytest.raises(rerun.RerunError, match="holds results of other code: name a new folder"):
        rerun.rerun(find(submission()), made, profile="quick", parts=("1.1",))


def test_only_plain_files_come_back(tmp_path):
    made, out, secret = tmp_path / "made", tmp_path / "out", tmp_path / "secret"
    secret.write_text("s")
    for folder in (made / "1.1", made / "1.2" / "record.json", out / "3.2"):
        folder.mkdir(parents=True)
    (made / "1.1" / "record.json").write_text("{}")
    (made / "1.1" / "weights.pt").symlink_to(secret)
    os.mkfifo(made / "1.1" / "pipe")
    with (made / "1.1" / "huge").open("wb") as huge:
        huge.truncate(rerun.MAX_FILE_BYTES + 1)
    (made / "3.2").symlink_to(made / "1.1")
    (made / "elsewhere").mkdir()
    rerun._bring_back(made, out, print)
    assert {str(path.relative_to(out)) for path in out.rglob("*")} == {"1.1", "1.1/record.json", "1.2", "3.2"}


def test_what_cannot_be_copied_is_told_and_the_rest_comes(tmp_path):
    made, out, said = tmp_path / "made", tmp_path / "out", list[str]()
    for part in ("1.1", "1.2"):
        (made / part).mkdir(parents=True)
        (made / part / "record.json").write_text("{}")
    out.mkdir()
    (out / "1.1").write_text("in the way")
    rerun._bring_back(made, out, said.append)
    assert said == ["1.1: what was made can't be copied (File exists)."]
    assert (out / "1.2" / "record.json").is_file()


def test_finished_parts_are_taken_up(submission, tmp_path):
    one = find(submission())
    for _ in range(2):
        rerun.rerun(one, tmp_path / "made", profile="quick", parts=("3.1",), tell=lambda text: None)
    first = read(tmp_path / "made" / "3.1")
    assert first.state == "complete"


def test_only_parts_whose_results_count_are_run():
    assert rerun.parts_with_results() == ("1.1", "1.2", "3.2", "3.3", "3.4", "4.2", "6.2")
    assert rerun.parts_with_results(["3.2", "2"]) == ("3.2",)
    assert rerun.parts_with_results(["2.1"]) == ()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--part", "2.1", "--experiments", "quick"], "No test of these parts looks at results"),
        (["--results", "results"], "--results names a folder for --experiments"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_sentence(run, arguments, said):
    done = run("-m", "grader", "grade", SOLUTION, *arguments)
    assert done.returncode == 2
    assert said in done.stderr


# ---- folders that are closed to student code ----------------------------------------------------------------


@pytest.fixture
def open_place() -> Iterator[Path]:
    """An empty folder that others can reach; pytest's own they can't."""
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o711)
        yield Path(place)


@pytest.fixture
def closed(open_place) -> Path:
    """A folder of files as in ``/root``."""
    folder = open_place / "root"
    (folder / "hub" / "checkpoints").mkdir(parents=True)
    (folder / "cifar10.npz").write_text("photos")
    (folder / "hub" / "checkpoints" / "weights.pth").write_text("weights")
    (folder / "mine.npz").write_text("for nobody else")
    (folder / "mine.npz").chmod(0o600)
    (folder / "grades.csv").write_text("private")
    folder.chmod(0o700)
    return folder


FILES = (Path("cifar10.npz"), Path("hub", "checkpoints", "weights.pth"), Path("mine.npz"), Path("missing.npz"))


@pytest.mark.skipif(os.geteuid() != 0, reason="student code has the user who grades")
def test_where_root_grades_files_are_put_where_student_code_can_read_them(closed, open_place):
    before = os.umask(0o077)
    try:
        place = rerun.for_another_user(closed, FILES, open_place / "copy")
    finally:
        os.umask(before)
    assert place == open_place / "copy"
    found = {str(path.relative_to(place)): path for path in place.rglob("*") if path.is_file()}
    assert found.keys() == {str(file) for file in FILES[:3]}
    assert all(path.stat().st_mode & 0o004 for path in found.values())
    assert all(path.stat().st_mode & 0o001 for path in (place, place / "hub", place / "hub" / "checkpoints"))
    assert found["cifar10.npz"].samefile(closed / "cifar10.npz")  # 170 MB are not copied where a link does
    assert (closed / "mine.npz").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="student code has the user who grades")
def test_an_open_folder_is_read_where_it_is(closed, open_place):
    copy, missing = open_place / "copy", FILES[3:]
    closed.chmod(0o755)
    assert rerun.for_another_user(closed, FILES[:2], copy) == closed
    assert rerun.for_another_user(closed, missing, copy) == closed
    closed.chmod(0o700)
    assert rerun.for_another_user(closed, missing, copy) == copy


@pytest.mark.skipif(os.geteuid() != 0, reason="student code has the user who grades")
def test_experiments_are_run_where_weights_lie_in_a_closed_folder(closed, submission, tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(closed))
    said: list[str] = []
    rerun.rerun(find(submission()), tmp_path / "made", profile="quick", parts=("4.1",), tell=said.append)
    assert said == ["4.1 Freezing and LoRA: complete"]


# ---- on another device -----------------------------------------------------------------------------------------

# "cpu:0" is the CPU under another name: tensors go the way that they go to a GPU.


def test_what_comes_out_otherwise_on_another_device_is_told(submission, launcher):
    only_here = (
        "_forward = DepthwiseSeparableConvolution.forward\n"
        "def forward(self, x):\n"
        "    if torch.get_default_device().index is not None:\n"
        "        raise TypeError('only on the CPU')\n"
        "    return _forward(self, x)\n"
        "DepthwiseSeparableConvolution.forward = forward\n"
    )
    one = find(submission(depthwise=of_solution("depthwise", only_here)))
    parts = ("6.1a", "6.1b", "3.1")
    here = grade(one, parts=parts, launcher=launcher)
    there = gpu.grade_there(one, here, parts, "cpu:0")
    first, *others = gpu.notes(here, there)
    assert "this changes no points" in first
    assert any("6.1" in line and "only on the CPU" in line for line in others)
    assert not any("3.1" in line for line in others)


def test_the_solution_does_as_well_on_another_device(launcher):
    parts = ("2.2a", "3.1", "5.1a", "6.1")
    here = grade(SOLUTION, parts=parts, launcher=launcher)
    there = gpu.grade_there(find(SOLUTION), here, parts, "cpu:0")
    assert len(gpu.notes(here, there)) == 1
    assert there.seed == here.seed


@pytest.mark.parametrize("where", ["here", "there"])
def test_a_run_that_had_faults_does_not_pass_for_the_same(launcher, where):
    """Tests that could be run on neither would differ in nothing."""
    parts = ("1.1a", "6.1a")
    here = grade(SOLUTION, parts=parts, launcher=launcher)
    there = gpu.grade_there(find(SOLUTION), here, parts, "cpu:0")
    fault = Outcome(State.NOT_RUN, fault="Traceback\nSandboxError: the server ended")
    {"here": here, "there": there}[where].record("6.1a", fault)
    assert gpu.notes(here, there) == (
        "What differs on the GPU is not known: the grader had a fault in 1 test (SandboxError: the server ended).",
    )


def test_without_a_gpu_a_sentence_says_so(run):
    if gpu.why_not(False) == "":
        pytest.skip("here is one")
    done = run("-m", "grader", "grade", SOLUTION, "--device", "cuda")
    assert done.returncode == 2
    assert done.stderr.startswith("No GPU can be used here")
