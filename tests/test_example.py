"""The example problem set, begun in a new folder as for another course: the harness grades it like any other."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.edition import edited
from harness.new import EXAMPLE, NewError, new
from harness.problem import tomllib
from tests.conftest import ROOT
from tests.soak import AutograderFolder
from tests.warm_python import WarmPython, without_pytest

Python = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the paths of commands are Linux'")


warm: dict[Path, WarmPython] = {}
"""Pythons that have everything imported, by the copy of the example that they belong to."""


def python_in(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder, with that folder's own modules."""
    if folder in warm:
        return warm[folder](*arguments)
    command = [sys.executable, *map(str, arguments)]
    environment = without_pytest(COLUMNS="110", PYTHONPATH=str(folder))
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=400, env=environment)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("new") / "pset"
    new(folder)
    warm[folder] = WarmPython(folder)
    yield folder
    warm.pop(folder).close()


def graded(folder: Path, submission: str | Path, tmp_path: Path, *options: str) -> dict[str, Any]:
    done = python_in(folder, "-m", "grader", "grade", submission, "--json", tmp_path / "r.json", *options)
    assert done.returncode == 0, done.stderr + done.stdout
    report: dict[str, Any] = json.loads((tmp_path / "r.json").read_text())
    return report


def test_a_folder_with_something_in_it_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").touch()
    with pytest.raises(NewError, match=r"is not empty: name a new folder\.$"):
        new(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_command_and_its_page_say_the_same_about_what_to_do_next(run, tmp_path):
    done = run("-m", "harness", "new", tmp_path / "pset")
    assert done.returncode == 0
    printed = [line.strip() for line in done.stdout.splitlines() if line.startswith("  ")]
    page = (ROOT / "docs" / "another-problem-set.md").read_text(encoding="utf-8")
    block = page.split("```")[1].splitlines()[2:]
    assert [line.partition("#")[0].strip() for line in block] == ["cd ../pset1", *printed]
    assert (tmp_path / "pset" / "harness" / "cli.py").is_file()
    assert run("-m", "harness", "new", tmp_path / "pset").returncode == 2


def test_git_ignores_what_installing_and_grading_make(tmp_path):
    new(tmp_path)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    for name in (".venv/lib", "grader/__pycache__", "cs1_pset1.egg-info"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "made").touch()
    said = subprocess.run(
        ["git", "status", "--short", "--untracked-files=all"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    assert "grader/problem.toml" in said
    assert "made" not in said


def test_the_solution_earns_all_points_and_has_a_page(example, tmp_path, read_report):
    graded(example, "grader/solution", tmp_path, "--html", str(tmp_path / "r.html"))
    report = read_report(tmp_path / "r.json")
    assert (report["score"], report["extra_data"]["maximum"]) == (20, 20)
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "CS 1 PSet 1" in page
    assert "PSet 2" not in page


def test_the_stubs_earn_nothing_and_the_terminal_names_the_problem_set(example, tmp_path):
    done = python_in(example, "-m", "grader", "grade", "student")
    assert done.returncode == 0, done.stderr
    assert "CS 1 PSet 1: student" in done.stdout
    assert "0 / 20" in done.stdout
    assert "These are the 20 automatic points; 2 more of the 22 are graded by hand." in done.stdout


def test_what_is_missing_is_listed_where_no_command_packs_the_zip(example):
    done = python_in(example, "-m", "grader", "grade", "student")
    assert "has not been made yet" not in done.stdout
    assert "write them after Team: in answers.md" in done.stdout


def test_an_exit_at_import_keeps_the_maximum(example, tmp_path):
    folder = tmp_path / "submission"
    shutil.copytree(example / "grader" / "solution", folder)
    (folder / "softmax.py").write_text("import os\n\nos._exit(0)\n")
    report = graded(example, folder, tmp_path)
    assert report["extra_data"]["maximum"] == 20
    assert 0 < report["score"] < 20


def test_pytest_selects_by_keyword(example):
    arguments = ("grader/suites/test_part1_softmax.py", "-k", "sums", "--submission", "grader/solution")
    done = python_in(example, "-m", "pytest", *arguments)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_a_class_of_three(example, tmp_path):
    for name in ("ada", "alan", "grace"):
        shutil.copytree(example / ("student" if name == "grace" else "grader/solution"), tmp_path / "class" / name)
    done = python_in(example, "-m", "grader", "batch", tmp_path / "class", "--out", tmp_path / "grades")
    assert done.returncode == 0, done.stderr + done.stdout
    rows = list(csv.DictReader((tmp_path / "grades" / "grades.csv").open(encoding="utf-8-sig")))
    assert {"20", "0"} <= {value for row in rows for value in row.values()}
    assert "CS 1 PSet 1" in (tmp_path / "grades" / "index.html").read_text(encoding="utf-8")


def test_known_submissions_are_graded_as_they_should_be(example):
    done = python_in(example, "-m", "grader", "validate")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "the grader errs in none." in done.stdout


def test_the_attack_fails(example):
    done = python_in(example, "-m", "harness.validation.attacks")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def test_the_hand_out_can_be_graded_and_has_no_secrets(example, tmp_path):
    done = python_in(example, "-m", "harness.handout.archive", "--out", tmp_path / "handout.zip")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "notebook" not in done.stdout  # this problem set has none
    with zipfile.ZipFile(tmp_path / "handout.zip") as archive:
        archive.extractall(tmp_path)
    folder = tmp_path / "CS1_PSet1"
    assert not (folder / "grader" / "solution").exists()
    assert not (folder / "grader" / "cases").exists()
    assert not (folder / "grader" / "suites" / "test_part1_hidden.py").exists()
    shutil.copytree(example / "grader" / "solution", tmp_path / "work")
    report = graded(folder, tmp_path / "work", tmp_path)
    assert report["score"] == report["extra_data"]["maximum"] == 18
    done = python_in(folder, "-m", "grader", "grade", "student")
    assert "These are 18 of the 20 automatic points; 2 more of the 22 are graded by hand." in done.stdout


def test_a_feature_whose_file_is_missing_stops_the_hand_out(tmp_path):
    new(tmp_path / "pset")
    manifest = tmp_path / "pset" / "grader" / "problem.toml"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace('"team"]', '"team", "notebook"]'))
    missing = (
        "grader/notebook.md is missing, from which the notebook is made: write it, or delete notebook from features in "
        "grader/problem.toml."
    )
    done = python_in(tmp_path / "pset", "-m", "harness.handout.archive", "--out", tmp_path / "handout.zip")
    assert (done.returncode, " ".join(done.stderr.split())) == (1, f"No hand-out was made: {missing}")
    done = python_in(tmp_path / "pset", "-m", "harness.handout.notebook", "--out", tmp_path / "one.ipynb")
    assert (done.returncode, " ".join(done.stderr.split())) == (2, missing)
    assert [path.name for path in tmp_path.iterdir()] == ["pset"]


def test_a_problem_set_without_hidden_tests_has_a_hand_out(tmp_path):
    new(tmp_path / "pset")
    suite = tmp_path / "pset" / "grader" / "suites" / "test_part1_hidden.py"
    suite.write_text(suite.read_text(encoding="utf-8").replace('@visibility("after_published")\n', ""))
    done = python_in(tmp_path / "pset", "-m", "harness.handout.archive", "--out", tmp_path / "handout.zip")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "hidden and not in it: none." in done.stdout


def test_the_packages_that_messages_name_are_installed_by_the_copys_pyproject():
    ours, its = (
        tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
        for folder in (ROOT, EXAMPLE)
    )
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "harness").rglob("*.py")]
    named = {name for text in texts for name in re.findall(r"pip install -e '\.\[(\w+)\]'", text)}
    assert named == its.keys()
    assert all(set(its[name]) <= set(ours[name]) for name in named)


def test_the_autograder_grades_with_its_runner(example, tmp_path):
    done = python_in(example, "-m", "harness.gradescope.build", "--out", tmp_path / "autograder.zip")
    assert done.returncode == 0, done.stdout + done.stderr
    (tmp_path / "autograder").mkdir()
    folder = AutograderFolder(tmp_path / "autograder", tmp_path / "autograder.zip")
    folder.hand_in(example / "grader" / "solution")
    assert folder.start().wait(400) == 0, (folder.root / "stdout").read_text()
    report = json.loads(folder.report.read_text())
    assert report["score"] == 20


PART = """
[[part]]
number = "12.3"
title = "One more"
handout = 4
automatic = 4
"""
MODULE = """
[[module]]
name = "more"
part = "12"
names = { double = "12.3" }
"""
SUITE = '''"""Part 12.3."""

from gradescope_utils.autograder_utils.decorators import number, weight

from harness.checks import as_number, assert_true


@weight(4)
@number("12.3a")
def test_double(student, rng):
    """Twice the number comes back."""
    value = float(rng.integers(1, 100))
    assert_true(as_number(student.more.double(value), "double") == 2 * value, "It is not twice the number.")
'''


def test_another_part_and_module_need_no_change_of_the_harness(tmp_path, read_report):
    folder = tmp_path / "pset"
    new(folder)
    manifest = folder / "grader" / "problem.toml"
    text = manifest.read_text(encoding="utf-8")
    at = text.index("\n[[question]]")
    manifest.write_text(text[:at] + "\n" + MODULE + PART + text[at:], encoding="utf-8")
    (folder / "grader" / "suites" / "test_part12.py").write_text(SUITE)
    (folder / "student" / "more.py").write_text(
        'def double(x):\n    """Twice x."""\n    raise NotImplementedError("Part 12.3: double")\n'
    )
    (folder / "grader" / "solution" / "more.py").write_text("def double(x):\n    return 2 * x\n")
    assert graded(folder, "grader/solution", tmp_path)["score"] == 24
    assert graded(folder, "student", tmp_path)["score"] == 0
    for part, points in (("12", 4), ("12.3", 4), ("12.3a", 4), ("1", 13)):
        assert graded(folder, "grader/solution", tmp_path, "--part", part)["score"] == points, part
    done = python_in(folder, "-m", "grader", "validate", "--part", "12")
    assert "the grader errs in none." in done.stdout, done.stdout + done.stderr


def test_a_question_of_a_part_with_two_digits_is_found_in_the_answers(tmp_path):
    new(tmp_path / "pset")
    question = '\n[[question]]\npart = "12.3"\ntitle = "Why"\npoints = 2\n'
    with (tmp_path / "pset" / "grader" / "problem.toml").open("a", encoding="utf-8") as manifest:
        manifest.write(MODULE + PART.replace("automatic = 4", "automatic = 2") + question)
    code = "from harness.submission.answers import parse; print(parse('## 12.3 Why\\n\\nSo.').answers[1].text)"
    done = python_in(tmp_path / "pset", "-c", code)
    assert done.stdout == "So.\n", done.stderr


def test_the_part_that_the_page_adds_works_as_it_is_printed(tmp_path):
    folder = tmp_path / "pset"
    new(folder)
    page = (ROOT / "docs" / "writing-tests.md").read_text(encoding="utf-8")
    section = page.partition("## A new part\n")[2].partition("\n## ")[0]
    files, commands = re.findall(r"```(?:bash)?\n(.*?)```", section, re.DOTALL)
    subprocess.run(["bash", "-e", "-c", files], cwd=folder, check=True)
    said = ""
    for line in commands.splitlines():
        command, _, result = line.removeprefix(".venv/bin/python ").partition(" #")
        done = python_in(folder, *command.split())
        assert done.returncode == 0, done.stdout + done.stderr
        numbers = re.search(r"\d+ of \d+", result)
        assert numbers is None or numbers[0].replace("of", "/") in done.stdout
        said += " ".join(done.stdout.split())
    assert "Submissions whose right grade is known" in said
    assert "For each part, Right also counts the solution, and Broken the stubs." in said
    assert "4 submissions were graded; the grader errs in none." in said
    assert "README.md says “20 points are automatic”" in said


@pytest.fixture(scope="module")
def with_wrong_points(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy whose tests of part 1.2 have more points than the manifest says, and whose part 12.3 has no test."""
    folder = tmp_path_factory.mktemp("wrong") / "pset"
    new(folder)
    manifest = folder / "grader" / "problem.toml"
    text = manifest.read_text(encoding="utf-8")
    at = text.index("\n[[question]]")
    manifest.write_text(text[:at] + "\n" + MODULE + PART + text[at:], encoding="utf-8")
    (folder / "student" / "more.py").write_text('def double(x):\n    raise NotImplementedError("Part 12.3: double")\n')
    (folder / "grader" / "solution" / "more.py").write_text("def double(x):\n    return 2 * x\n")
    (folder / "grader" / "suites" / "test_more.py").write_text(
        SUITE.replace("12.3a", "1.2x").replace("more", "softmax")
    )
    warm[folder] = WarmPython(folder)
    yield folder
    warm.pop(folder).close()


WRONG_SUM = "The tests of part 1.2 have 9 points, problem.toml says 5: correct one of them.\n"
NO_TEST = "Part 12.3 has no test yet: write one in grader/suites/.\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("grade", "grader/solution"), WRONG_SUM),
        (("grade", "grader/solution", "--part", "1.2a"), WRONG_SUM),
        (("grade", "grader/solution", "--part", "12.3"), NO_TEST),
        (("batch", "grader", "--out", "grades"), WRONG_SUM),
        (("validate", "gradient_by_hand"), WRONG_SUM),
        (("validate", "--part", "1"), WRONG_SUM),
    ],
)
def test_points_that_contradict_each_other_stop_the_staffs_commands(with_wrong_points, arguments, said):
    done = python_in(with_wrong_points, "-m", "grader", *arguments)
    assert (done.returncode, done.stdout, " ".join(done.stderr.split()) + "\n") == (2, "", said)
    assert not (with_wrong_points / "grades").exists()


def test_parts_whose_points_are_right_can_be_graded_meanwhile(with_wrong_points, tmp_path):
    assert graded(with_wrong_points, "grader/solution", tmp_path, "--part", "1.1")["score"] == 8


@pytest.mark.parametrize(
    ("module", "said"),
    [("harness.gradescope.build", "No zip was made: "), ("harness.handout.archive", "No hand-out was made: ")],
)
def test_no_zip_is_made_of_points_that_contradict_each_other(with_wrong_points, tmp_path, module, said):
    done = python_in(with_wrong_points, "-m", module, "--out", tmp_path / "made.zip")
    assert done.returncode == 2
    assert " ".join(done.stderr.split()) + "\n" == said + WRONG_SUM
    assert not (tmp_path / "made.zip").exists()


@pytest.mark.parametrize("edition", ["students", "gradescope"])
def test_copies_of_students_and_gradescope_grade_whatever_the_points_are(edition, tmp_path):
    folder = tmp_path / "pset"
    new(folder)
    (folder / "harness" / "edition.py").write_text(edited(edition))
    (folder / "grader" / "suites" / "test_part1_hidden.py").unlink()
    assert graded(folder, "grader/solution", tmp_path, "--part", "1.1")["score"] == 6


def test_a_mistake_in_the_manifest_is_one_sentence(tmp_path):
    folder = tmp_path / "pset"
    new(folder)
    manifest = folder / "grader" / "problem.toml"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("automatic = 8", "automatic = 9"))
    done = python_in(folder, "-m", "grader", "grade", "student")
    assert done.returncode == 2
    assert done.stderr.endswith("problem.toml contradicts itself: part 1.1 has 9 automatic points of 8.\n")
    assert done.stderr.count("\n") == 1


def test_the_self_check_finds_this_copy_isolated(example):
    done = python_in(example, "-m", "harness", "doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Isolated: student code reaches neither tests nor reports" in done.stdout


def test_the_example_and_this_problem_set_are_both_named_in_their_own_pyproject():
    assert (ROOT / "examples" / "softmax" / "grader" / "problem.toml").is_file()
    assert 'problem = "grader"' in (ROOT / "examples" / "softmax" / "pyproject.toml").read_text(encoding="utf-8")
