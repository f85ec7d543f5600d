"""The tests of results: real ones earn their points, forged ones nothing, and the grader stays up."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from course.experiments.profiles import PROFILES
from grader.suites import results_checks
from grader.suites.measured_networks import sampling_bound
from harness.catalog import RESULTS, read_suites
from harness.gradebook import Gradebook, Outcome, State
from harness.grading import grade
from harness.validation.cases import SOLUTION
from tests.pset2 import forged_curves, forged_networks  # noqa: F401  (their forgeries register themselves)
from tests.pset2.forgeries import FORGERIES, TRACE
from tests.pset2.quick_results import TINY

TESTS = [test for test in read_suites() if RESULTS in test.tags]
POINTS = sum(test.points for test in TESTS)


@pytest.fixture
def submitted(quick_results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The solution with its results, where those of this profile earn points; files may be replaced, not changed."""
    monkeypatch.setitem(PROFILES, "quick", TINY)
    monkeypatch.setattr(results_checks, "EARNS", "quick")
    folder = tmp_path / "submission"
    shutil.copytree(SOLUTION, folder, ignore=shutil.ignore_patterns("__*"))
    shutil.copytree(quick_results, folder / "results", copy_function=os.link)
    return folder


def graded(folder: Path, launcher: Any, *numbers: str) -> Gradebook:
    gradebook = grade(folder, parts=numbers or tuple(test.number for test in TESTS), launcher=launcher)
    assert [outcome.fault for _, outcome in gradebook.results if outcome.fault] == []
    return gradebook


def outcome(gradebook: Gradebook, number: str) -> Outcome:
    return next(outcome for test, outcome in gradebook.results if test.number == number)


# ---- what earns points -----------------------------------------------------------------------------------------


def test_real_results_earn_every_point(submitted, launcher):
    gradebook = graded(submitted, launcher)
    assert {test.number: found.message for test, found in gradebook.results if test in TESTS and not found.score} == {}
    assert gradebook.score == POINTS == 21


def test_quick_results_earn_nothing_and_are_said_to_be_right(submitted, launcher, monkeypatch):
    monkeypatch.setattr(results_checks, "EARNS", "full")
    gradebook = graded(submitted, launcher)
    assert gradebook.score == 0
    for test, found in gradebook.results:
        if test in TESTS:
            assert found.state is State.NOT_IMPLEMENTED, test.number
            assert "quick profile are as they should be" in found.message, test.number


def test_without_results_the_command_is_named(tmp_path, launcher):
    gradebook = graded(SOLUTION, launcher, "1.2", "6.2e")
    for number in ("1.2e", "1.2f", "6.2e"):
        found = outcome(gradebook, number)
        assert found.state is State.NOT_IMPLEMENTED
        assert found.message == (f"No results yet: python run_experiments.py {number[:3]} --profile full makes them.")


def test_results_are_found_next_to_student_too(submitted, tmp_path, launcher):
    repository = tmp_path / "repository"
    (submitted / "results").rename(tmp_path / "results")
    submitted.rename(tmp_path / "student")
    repository.mkdir()
    (tmp_path / "results").rename(repository / "results")
    (tmp_path / "student").rename(repository / "student")
    assert graded(repository, launcher, "1.2e").score == 1
    assert graded(repository / "student", launcher, "1.2e").score == 1


def test_line_endings_of_another_system_are_no_other_code(submitted, launcher):
    path = submitted / "training.py"
    text = path.read_bytes().replace(b"\n", b"\r\n")
    path.unlink()
    path.write_bytes(text)
    assert graded(submitted, launcher, "1.2e").score == 1


def test_two_of_three_learning_rates_earn_two_points(submitted, launcher):
    (submitted / "results/1.1/rate-1.safetensors").unlink()
    found = outcome(graded(submitted, launcher, "1.1c"), "1.1c")
    assert (found.state, found.score) == (State.PARTIAL, 2.0)
    assert "rate-1.safetensors is missing" in found.message


def test_the_bound_of_sampling_is_five_standard_deviations():
    """900 of 10,000 images in ten samples of 1,000: what lies outside of the bound is no sample."""
    generator = torch.Generator().manual_seed(0)
    hits = (torch.arange(10_000) < 9_000).float()
    samples = torch.stack([hits[torch.randperm(10_000, generator=generator)[:1000]].mean() for _ in range(2000)])
    bound = sampling_bound(0.9, 10_000)
    assert 4.5 * float(samples.std()) < bound < 6.5 * float(samples.std())
    assert sampling_bound(0.9, 1_000) == pytest.approx(0.005)  # the same images: rounding alone


# ---- what is forged ----------------------------------------------------------------------------------------------


def test_every_test_of_results_has_a_forgery_that_it_notices():
    assert {number for number, _, _ in FORGERIES.values()} == {test.number for test in TESTS}


@pytest.mark.parametrize("name", FORGERIES)
def test_forged_results_earn_nothing(name, submitted, launcher):
    number, forge, message = FORGERIES[name]
    forge(submitted / "results")
    found = outcome(graded(submitted, launcher, number), number)
    assert message in found.message
    assert (found.state, found.score) == (State.FAILED, 0.0)
    assert not TRACE.exists()
