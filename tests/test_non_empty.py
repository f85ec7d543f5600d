"""What would pass by matching nothing refuses: no secrets, no cases, no attacks, no tests, no folders to close."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness import cli
from harness.catalog import CatalogError, read_suites
from harness.classroom import digests
from harness.container import entrypoint
from harness.edition import SECRET_FOLDERS
from harness.gradescope import build
from harness.grading import grade
from harness.handout import archive, leak_check
from harness.non_empty import NothingFoundError, all_in_use, at_least_one
from harness.validation import attacks, cases
from harness.validation import mutants as testing
from harness.validation.cases import SOLUTION
from tests.conftest import ROOT


def test_at_least_one():
    assert at_least_one(iter("ab"), "A letter", "write one") == ("a", "b")
    with pytest.raises(NothingFoundError, match=r"^A letter was expected, and none was found: write one\.$"):
        at_least_one([], "A letter", "write one")
    with pytest.raises(NothingFoundError, match=r"^The list names x, which doesn't exist: correct the name\.$"):
        all_in_use(["gr", "x"], ["grader"], "The list")


# ---- suites, cases, attacks, mutants -------------------------------------------------------------------------


def test_a_folder_without_tests_is_no_suite(tmp_path):
    with pytest.raises(CatalogError, match="holds no graded test: this copy of the grader is incomplete"):
        read_suites(tmp_path)


@pytest.mark.parametrize("parts", [("9",), ("2.1a", "2.1z")])
def test_a_part_without_tests_is_not_graded(parts):
    with pytest.raises(NothingFoundError, match=r"A test of part .* was expected, and none was found"):
        grade(SOLUTION, parts=parts)


def test_a_kind_without_cases_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(cases, "CASES", tmp_path)
    for kind in ("wrong", "right", "broken"):
        with pytest.raises(NothingFoundError, match=f"A {kind} case was expected, and none was found"):
            cases.read_cases(kind)


def test_an_unknown_attack_is_refused(capsys):
    with pytest.raises(NothingFoundError, match=r"There is no attack of_this_name"):
        attacks.read_attacks(["forges_passed", "of_this_name"])
    assert attacks.main(["of_this_name"]) == 2
    assert "There is no attack of_this_name" in capsys.readouterr().err


def test_no_attacks_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(attacks, "ATTACKS", tmp_path)
    with pytest.raises(NothingFoundError, match="An attack was expected, and none was found"):
        attacks.read_attacks()


def test_validate_without_a_case_says_why_and_fails():
    case = cases.read_cases("wrong")[0]
    other = next(part for part in "123456" if part != case.part)
    shown = CliRunner().invoke(cli.app_for(""), ["validate", case.name, "--part", other])
    assert shown.exit_code == 2
    assert "Nothing was graded: no case has this name and this part" in shown.stderr


def test_mutants_without_a_mutant_fail(monkeypatch):
    monkeypatch.setattr(testing, "mutants_of", lambda module: [])
    shown = CliRunner().invoke(cli.app_for(""), ["mutants", "--part", "2"])
    assert shown.exit_code == 2
    assert "Nothing was tried: the engines made no mutant of quantization." in shown.stderr


def test_mutants_without_the_engines_settings_are_refused_in_a_sentence(tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").write_text("[tool.other]\n")
    monkeypatch.setattr(testing, "ROOT", tmp_path)
    shown = CliRunner().invoke(cli.app_for(""), ["mutants", "--part", "1"])
    assert shown.exit_code == 2
    assert shown.stderr == (
        'pyproject.toml has no settings for mutmut: add [tool.mutmut] with source_paths = ["grader/solution"].\n'
    )


@pytest.mark.slow
def test_a_test_for_each_of_no_cases_is_an_error(tmp_path):
    text = 'import pytest\n\n\n@pytest.mark.parametrize("case", [])\ndef test_each(case):\n    assert False\n'
    (tmp_path / "test_nothing.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path)]
    done = subprocess.run([*command, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "Empty parameter set in 'test_each'" in done.stdout


def test_the_graders_digest_is_of_files(monkeypatch):
    monkeypatch.setattr(digests, "DECIDES", ("grader/nowhere",))
    with pytest.raises(NothingFoundError, match="A file in grader/nowhere/ was expected"):
        digests.of_grader.__wrapped__()


# ---- what students and Gradescope get ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("CASES", Path("nowhere"), "A wrong case was expected"),
        ("SOLUTION", ROOT / "grader" / "nowhere", "grader/nowhere/training.py, .* is missing"),
    ],
)
def test_without_secrets_nothing_is_proven(monkeypatch, name, value, complaint):
    monkeypatch.setattr(leak_check, name, value)
    with pytest.raises(NothingFoundError, match=complaint):
        leak_check.secrets()


def test_a_secret_that_would_not_be_recognised_is_refused(monkeypatch):
    known = leak_check.secrets()
    monkeypatch.setattr(leak_check, "secrets", lambda: {**known, "grader/solution/more.py": "x = 1\n"})
    with pytest.raises(NothingFoundError, match=r"grader/solution/more\.py has no 16 words of its own"):
        leak_check.leaks({"README.md": b"x"})


def test_without_files_nothing_is_proven():
    with pytest.raises(NothingFoundError, match="A file for students was expected"):
        leak_check.leaks({})


def test_what_is_left_out_of_the_handout_exists(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(archive, "LEFT_OUT", (*archive.LEFT_OUT, "grader/solutions"))
    assert archive.main(["--out", str(tmp_path / "handout.zip")]) == 1
    assert "names grader/solutions, which doesn't exist" in capsys.readouterr().err
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(("name", "more"), [("STAFFS", "class"), ("FOLDERS", "courses")])
def test_what_the_autograder_leaves_out_and_takes_in_exists(tmp_path, monkeypatch, capsys, name, more):
    monkeypatch.setattr(build, name, (*getattr(build, name), more))
    assert build.main(["--out", str(tmp_path / "autograder.zip")]) == 2
    assert "No zip was made: " in capsys.readouterr().err


def test_each_zip_says_which_edition_it_is():
    assert b'EDITION: Edition = "students"' in archive.files()["harness/edition.py"]
    assert b'EDITION: Edition = "gradescope"' in build._files()["harness/edition.py"]


# ---- folders that are closed ---------------------------------------------------------------------------------


def test_the_image_closes_all_secret_folders_and_each_is_there(tmp_path, monkeypatch):
    assert {*SECRET_FOLDERS["staff"]} < {*entrypoint.closed()}
    assert all((ROOT / name).is_dir() for name in entrypoint.closed())
    monkeypatch.setattr(entrypoint, "ROOT", tmp_path)
    with pytest.raises(entrypoint.RefusedError, match=r"grader/suites, .* is missing from this image"):
        entrypoint._close_folders()


def test_gradescopes_setup_closes_all_secret_folders_of_its_edition(tmp_path):
    script = (ROOT / "harness" / "gradescope" / "setup.sh").read_text(encoding="utf-8")
    assert "set -euo pipefail" in script  # so that a folder that isn't there ends it
    assert "\nxargs chmod 700 < closed.txt\n" in script
    build.build(tmp_path / "autograder.zip")
    with zipfile.ZipFile(tmp_path / "autograder.zip") as archive:
        closed = archive.read("closed.txt").decode().split()
        assert {*SECRET_FOLDERS["gradescope"], "harness/gradescope", "initial.json"} == {*closed}
        assert all(any(name.startswith(place) for name in archive.namelist()) for place in closed)
