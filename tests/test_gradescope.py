"""The autograder as Gradescope runs it: the zip, the script, the report; and graders that are killed."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterable, Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from harness.catalog import RESULTS, read_suites
from harness.gradescope import metadata, run
from harness.gradescope.build import build, main
from harness.isolation.self_check import Finding, Outcome, SelfCheck
from harness.problem import problem
from harness.validation.cases import SOLUTION
from tests.conftest import ROOT
from tests.soak import AutograderFolder, graded_problems, killed_problems, report_problems

MAXIMUM = sum(test.points for test in read_suites())
OF_CODE = sum(test.points for test in read_suites() if RESULTS not in test.tags)
METADATA = {
    "created_at": "2025-10-05T12:00:00.000000-04:00",
    "assignment": {"due_date": "2025-10-06T23:59:00-04:00", "total_points": "203.0"},
    "users": [{"name": "Ada Lovelace"}, {"name": "Alan Turing"}],
    "previous_submissions": [{"score": "12.5"}, {"score": 101.0}, {"score": None}],
}
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="Gradescope's containers are Linux'")


# ---- the zip -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    path = tmp_path_factory.mktemp("zip") / "autograder.zip"
    build(path, minutes=10)
    with zipfile.ZipFile(path) as opened:
        yield opened


def test_the_zip_holds_what_grades_and_nothing_else(archive):
    names = set(archive.namelist())
    assert {"setup.sh", "run_autograder", "requirements.txt", "initial.json", "pyproject.toml"} <= names
    assert {"grader/suites/test_part1_hidden.py", "grader/solution/quantization.py", "course/layers.py"} <= names
    assert {"grader/data/cifar10_test.npz", "grader/data/mnist_test.npz"} <= names
    folders = {name.split("/")[0] for name in names if "/" in name}
    assert folders == {"course", "fixtures", "grader", "harness"}
    assert [
        name for name in names if "validation" in name or "cases/" in name or ".git" in name or "__pycache__" in name
    ] == []
    assert "grader/problem.toml" in names
    assert "grader/rubric.toml" not in names  # student code could read it, and no test needs it
    modes = {info.filename: info.external_attr >> 16 & 0o777 for info in archive.infolist()}
    assert modes["setup.sh"] == modes["run_autograder"] == 0o755
    assert sum(info.file_size for info in archive.infolist()) < 100e6  # Gradescope's limit


def test_requirements_are_the_projects_without_addresses(archive):
    lines = archive.read("requirements.txt").decode().splitlines()
    assert any(line.startswith("torch>=") for line in lines)
    assert any(line.startswith("gradescope-utils") for line in lines)
    assert not any("://" in line or line.startswith(("ruff", "mypy")) for line in lines)


def test_each_package_has_the_version_of_the_problem_sets_file(archive):
    versions = archive.read("versions.txt").decode().splitlines()
    assert versions == (ROOT / "grader" / "versions.txt").read_text().splitlines()
    pinned = {re.split("==", line)[0] for line in versions}
    assert all(re.match(r"[a-z0-9-]+==[^ ]+(?: ; .+)?$", line) for line in versions)
    lines = archive.read("requirements.txt").decode().splitlines() + archive.read("torch.txt").decode().splitlines()
    assert sorted(needed(lines) - pinned) == []


def needed(lines: Iterable[str]) -> set[str]:
    """The packages that these need, as installed here, with what those need."""
    found: set[str] = set()
    left = [Requirement(line) for line in lines]
    while left:
        one = left.pop()
        name = re.sub(r"[-_.]+", "-", one.name).lower()
        is_needed = one.marker is None or one.marker.evaluate({"extra": ""})
        if is_needed and name not in found and not name.startswith(("cuda-", "nvidia-")):  # of the build for GPUs
            found.add(name)
            left += map(Requirement, distribution(name).requires or ())
    return found


def test_setup_installs_nothing_without_a_version():
    text = (Path(run.__file__).parent / "setup.sh").read_text().replace("\\\n", " ")
    installing = [line for line in text.splitlines() if re.search(r"pip(?:\s|\S+ )install ", line)]
    assert len(installing) == 5
    assert [line for line in installing if "pinned[@]" not in line and "==" not in line] == []


def test_before_anything_runs_there_is_a_report_with_all_maxima(archive, tmp_path):
    path = tmp_path / "initial.json"
    path.write_bytes(archive.read("initial.json"))
    assert list(report_problems(path)) == []
    report = json.loads(path.read_text())
    assert report["score"] == 0
    assert "did not come to its end" in report["output"]


def test_equal_files_make_equal_zips(archive, tmp_path):
    build(tmp_path / "again.zip", minutes=10)
    assert (tmp_path / "again.zip").read_bytes() == Path(str(archive.filename)).read_bytes()


def test_the_time_limit_leaves_a_margin(tmp_path, capsys):
    assert main(["--out", str(tmp_path / "a.zip"), "--minutes", "20"]) == 0
    with zipfile.ZipFile(tmp_path / "a.zip") as opened:
        assert opened.read("seconds") == b"1110\n"
    assert main(["--out", str(tmp_path / "b.zip"), "--minutes", "1"]) == 2
    assert "3 minutes or more" in capsys.readouterr().err


@pytest.mark.parametrize("script", ["setup.sh", "run_autograder"])
@on_linux
def test_scripts_are_valid_bash(script):
    folder = Path(run.__file__).parent
    subprocess.run(["bash", "-n", str(folder / script)], check=True)


# ---- the page of docs ----------------------------------------------------------------------------------------


def test_the_docs_name_todays_questions_and_points():
    text = (ROOT / "docs" / "gradescope.md").read_text(encoding="utf-8")
    rows = [f"| {question.part} | {question.title} | {question.points} |" for question in problem().question]
    assert [row for row in rows if row not in text] == []
    assert f"| | all questions | {problem().by_hand} |" in text
    assert f"| Autograder points | {problem().automatic} |" in text
    hidden = [test.number for test in read_suites() if test.hidden]
    assert hidden == ["1.1b"]
    assert f"It earns {OF_CODE:g} of {MAXIMUM:g}" in " ".join(text.split())


# ---- metadata ------------------------------------------------------------------------------------------------


def test_metadata_is_put_into_words():
    assert metadata.describe(METADATA) == [
        "Handed in on 2025-10-05 at 12:00, 1 day and 11 hours before the due date.",
        "3 earlier submissions; the best of them had 101 points.",
    ]
    assert metadata.submitters(METADATA) == "Ada Lovelace, Alan Turing"


def test_an_extension_is_the_users_own_due_date():
    own = {"name": "Ada", "assignment": {"due_date": "2025-10-04T12:00:00-04:00"}}
    assert metadata.describe({**METADATA, "users": [own]})[0].endswith("1 day after the due date.")


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"created_at": 5, "users": "x", "previous_submissions": "x", "assignment": []},
        {"created_at": "2025-10-05", "assignment": {"due_date": "2025-10-06T23:59:00-04:00"}},
        {"created_at": "soon", "users": [5, None, {"name": None}], "previous_submissions": [5, None, {"score": "x"}]},
        {"created_at": "2025-10-05T12:00:00Z", "users": [{"name": "\x1b[31m" * 500}], "assignment": None},
    ],
)
def test_odd_metadata_breaks_nothing(odd):
    assert all(isinstance(line, str) and "\x1b" not in line for line in metadata.describe(odd))
    assert "\x1b" not in metadata.submitters(odd)
    assert len(metadata.submitters(odd)) <= 200


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "[" * 100_000, "null"])
def test_unreadable_metadata_is_none(tmp_path, text):
    path = tmp_path / "submission_metadata.json"
    path.write_text(text)
    assert metadata.read(path) == {}
    assert metadata.read(tmp_path / "missing.json") == {}


# ---- a run ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def autograder(tmp_path_factory: pytest.TempPathFactory) -> AutograderFolder:
    folder = AutograderFolder(tmp_path_factory.mktemp("autograder").resolve())
    (folder.root / "submission_metadata.json").write_text(json.dumps(METADATA))
    return folder


def commands(report: dict[str, Any]) -> list[str]:
    """The texts of a report that name a command, or a zip's name: on Gradescope there is neither."""
    texts = [report["output"], *(row["output"] for row in report["tests"]), *(row["name"] for row in report["tests"])]
    pattern = re.compile(
        r"python -m|python \w+\.py|\bmake (?:writeup|experiments|grade|setup)|run_experiments|\s--\w|<Name1>"
    )
    return [text for text in texts if pattern.search(text)]


def graded(folder: AutograderFolder, submission: Path) -> tuple[int, dict[str, Any]]:
    """Exit code and report."""
    folder.hand_in(submission)
    code = folder.start().wait(400)
    assert [problem for problem in report_problems(folder.report) if "a fault" not in problem] == []
    report: dict[str, Any] = json.loads(folder.report.read_text())
    return code, report


@on_linux
def test_the_solution_earns_every_point_that_needs_no_results(autograder):
    code, report = graded(autograder, SOLUTION)
    assert code == 0
    assert report["score"] == OF_CODE
    hidden = sum(row["max_score"] for row in report["tests"] if row["visibility"] != "visible")
    first, second = report["output"].splitlines()[:2]
    assert first == f"Visible tests: {OF_CODE - hidden:g} of {MAXIMUM - hidden:g} points."
    assert second.startswith("Handed in on 2025-10-05")
    assert commands(report) == []
    results = next(row for row in report["tests"] if RESULTS in row.get("tags", ()))
    assert "with the full profile where you work, then hand in results/ with your code" in results["output"]
    assert report["extra_data"]["submission"] == "Ada Lovelace, Alan Turing"
    assert {column["name"] for column in report["leaderboard"]} == {
        "Worst quantization error (steps)",
        "Depthwise layer: time against the provided one",
    }
    assert autograder.report.stat().st_mode & 0o777 == 0o644
    assert autograder.processes() == []


@on_linux
@pytest.mark.parametrize("name", [None, "notes.txt"])
def test_what_holds_no_module_gets_a_report_that_says_so(autograder, tmp_path, name):
    if name:
        (tmp_path / name).write_text("my answers")
    code, report = graded(autograder, tmp_path)
    assert code == 2
    assert "hand in a folder with training.py" in report["output"]
    assert commands(report) == []
    assert str(autograder.root) not in report["output"]
    assert report["score"] == 0


@on_linux
def test_an_endless_loop_in_every_function_ends_before_the_deadline(autograder, tmp_path):
    for path in SOLUTION.glob("[a-z]*.py"):
        lines = path.read_text().splitlines()
        loops = []
        for line in lines:
            loops.append(line)
            if line.lstrip().startswith("def ") and line.endswith(":"):
                indent = " " * (len(line) - len(line.lstrip()) + 4)
                loops += [f"{indent}while True:", f"{indent}    pass"]
        (tmp_path / path.name).write_text("\n".join(loops) + "\n")
    seconds = autograder.root / "source" / "seconds"
    kept = seconds.read_text()
    seconds.write_text("40\n")  # so that a first call can end on a busy machine too
    started = time.monotonic()
    code, report = graded(autograder, tmp_path)
    seconds.write_text(kept)
    assert code == 0
    assert time.monotonic() - started < 120  # waiting for all of them takes ten minutes
    outputs = [row["output"] for row in report["tests"]]
    assert any("Is there an endless loop, or a loop over single elements?" in output for output in outputs)
    assert any(output.startswith("Not run: out of time.") for output in outputs)


@on_linux
def test_on_a_machine_that_is_not_isolated_nothing_is_graded(autograder, monkeypatch):
    autograder.hand_in(SOLUTION)
    autograder.report.parent.mkdir(exist_ok=True)
    found = SelfCheck((Finding("read the tests", Outcome.REACHED, "done"),))
    monkeypatch.setattr(run.self_check, "quick_check", lambda launcher, others: found)
    report = not_graded(autograder)
    assert "student code could read the tests here" in report["extra_data"]["faults"][0]


@on_linux
def test_where_the_self_check_is_broken_nothing_is_graded(autograder, monkeypatch):
    autograder.hand_in(SOLUTION)
    autograder.report.parent.mkdir(exist_ok=True)
    monkeypatch.setattr(run.self_check, "PROBES", "import nothing_of_this_name")
    report = not_graded(autograder)
    assert "the self-check of the isolation is broken" in report["extra_data"]["faults"][0]
    assert "No module named 'nothing_of_this_name'" in report["extra_data"]["faults"][0]


@on_linux
def test_the_report_and_the_metadata_are_tried_to_be_read(autograder, monkeypatch):
    autograder.hand_in(SOLUTION)
    autograder.report.parent.mkdir(exist_ok=True)
    autograder.report.write_text("{}")
    tried: dict[str, list[Path]] = {}

    def check(launcher: object, others: dict[str, list[Path]]) -> SelfCheck:
        tried.update(others)
        return SelfCheck(())

    monkeypatch.setattr(run.self_check, "quick_check", check)
    report = not_graded(autograder)
    assert "it tried nothing" in report["extra_data"]["faults"][0]
    assert tried == {
        "read results.json": [autograder.report.parent, autograder.report],
        "read the metadata": [autograder.root / "submission_metadata.json"],
    }


def not_graded(autograder: AutograderFolder) -> dict[str, Any]:
    """The report of a run that grades nothing, and loses nobody a point."""
    assert run.main([str(autograder.root)]) == 2
    report: dict[str, Any] = json.loads(autograder.report.read_text())
    assert report["score"] == 0
    assert "doesn't count against you" in report["output"]
    assert report["extra_data"]["undecided"] == MAXIMUM
    return report


@on_linux
def test_a_grader_that_fails_leaves_a_report(autograder, monkeypatch):
    autograder.hand_in(SOLUTION)
    autograder.report.parent.mkdir(exist_ok=True)

    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("a broken grader")

    monkeypatch.setattr(run, "grade", fail)
    assert run.main([str(autograder.root)]) == 2
    report = json.loads(autograder.report.read_text())
    assert "a broken grader" in report["extra_data"]["faults"][0]
    assert sum(row["max_score"] for row in report["tests"]) == MAXIMUM


# ---- what make soak does at length ---------------------------------------------------------------------------


@on_linux
def test_killed_graders_leave_valid_reports(autograder):
    rng = random.Random(2420)
    moments = [0.0, *(rng.uniform(0, 12) for _ in range(3))]
    assert [problem for moment in moments for problem in killed_problems(autograder, moment)] == []


@pytest.mark.parametrize("start", range(0, 75, 25))
def test_generated_bad_submissions_get_valid_reports(start):
    found = graded_problems(range(start, start + 25))
    assert {seed: problems for seed, (_, problems) in found.items() if problems} == {}
    assert len({score for score, _ in found.values()}) > 3  # they are bad in many ways
