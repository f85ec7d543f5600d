"""The commands that reports print, in the words of whoever called one."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from harness import ROOT
from harness.catalog import read_suites
from harness.repeat import CALLED_AS, Repeat, experiments

STUDENT, OTHER = ROOT / "student", Path("my work/nb.ipynb")
TEST = next(test for test in read_suites() if test.number == "2.1d")


@pytest.fixture
def called_as(monkeypatch):
    """Python was called like this, in the repository's folder."""

    def call(how: str) -> None:
        monkeypatch.setenv(CALLED_AS, how)
        monkeypatch.setenv("PATH", "/nowhere")  # an activated environment would make it ``python``
        monkeypatch.chdir(ROOT)
        monkeypatch.setattr("sys.executable", str(ROOT / ".venv" / "bin" / "python"))
        monkeypatch.setattr(Path, "exists", lambda path: True)

    return call


@pytest.mark.parametrize(
    ("how", "submission", "one", "every", "seed"),
    [
        (
            "make",
            STUDENT,
            "make grade PART=2.1d",
            "make grade PART='2.1 3.3' ALL=1",
            "make grade PART='2.1 3.3' SEED=7",
        ),
        (
            "make",
            OTHER,
            "make grade SUBMISSION='my work/nb.ipynb' PART=2.1d",
            "make grade SUBMISSION='my work/nb.ipynb' PART='2.1 3.3' ALL=1",
            "make grade SUBMISSION='my work/nb.ipynb' PART='2.1 3.3' SEED=7",
        ),
        (
            "",
            STUDENT,
            ".venv/bin/python -m grader check 2.1d",
            ".venv/bin/python -m grader check 2.1 3.3 --all",
            ".venv/bin/python -m grader check 2.1 3.3 --seed 7",
        ),
        (
            "",
            OTHER,
            ".venv/bin/python -m grader grade 'my work/nb.ipynb' --part 2.1d",
            ".venv/bin/python -m grader grade 'my work/nb.ipynb' --part 2.1 --part 3.3 --all",
            ".venv/bin/python -m grader grade 'my work/nb.ipynb' --part 2.1 --part 3.3 --seed 7",
        ),
        (
            "notebook",
            OTHER,
            'check("2.1d")',
            'check("2.1", "3.3", everything=True)',
            'check("2.1", "3.3", seed=7)',
        ),
        (
            "image",
            STUDENT,
            f"grade {shlex.quote(str(STUDENT))} --part 2.1d",
            f"grade {shlex.quote(str(STUDENT))} --part 2.1 --part 3.3 --all",
            f"grade {shlex.quote(str(STUDENT))} --part 2.1 --part 3.3 --seed 7",
        ),
    ],
)
def test_a_command_is_printed_as_it_was_called(called_as, how, submission, one, every, seed):
    called_as(how)
    repeat = Repeat(submission, ("2.1", "3.3"))
    assert (repeat.of(TEST), repeat.with_all_messages(), repeat.with_seed(7)) == (one, every, seed)


def test_all_of_a_notebook_is_graded_by_another_function(called_as):
    called_as("notebook")
    assert Repeat(OTHER).with_all_messages() == "grade(everything=True)"


def test_after_a_run_of_pytest_pytest_is_named(called_as):
    called_as("")
    assert Repeat().of(TEST) == f".venv/bin/pytest -k {TEST.function}"
    assert Repeat().with_all_messages() == ""
    assert Repeat().with_seed(7) == "--seed 7"


@pytest.mark.parametrize(
    ("how", "command"),
    [
        ("", ".venv/bin/python run_experiments.py 1.2 --profile full"),
        ("make", ".venv/bin/python run_experiments.py 1.2 --profile full"),
        ("notebook", 'experiments("1.2", profile="full")'),
        ("image", "experiments 1.2 --profile full"),
    ],
)
def test_experiments_are_named_as_they_can_be_run(called_as, how, command):
    called_as(how)
    assert experiments("1.2") == command
