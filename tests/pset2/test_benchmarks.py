"""The benchmark against otter-grader compares equal checks: held to the cases of validation, without otter."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from benchmarks.otter import __main__ as benchmark
from grader.suites import quantization_checks
from harness.catalog import read_suites
from harness.validation.cases import Case, read_cases

EQUAL = [test for test in read_suites() if test.number.startswith(benchmark.PARTS)]
CASES = [case for kind in ("right", "wrong") for case in read_cases(kind) if case.module == "quantization"]
#: What only a second process finds out.
NEEDS_A_PROCESS = {"wrong/scale_in_a_global"}


@dataclass
class Check:
    """What otter's ``test_case`` keeps of a check."""

    name: str
    points: float
    function: Callable[..., None] = lambda: None

    def __call__(self, function: Callable[..., None]) -> Check:
        self.function = function
        return self


@pytest.fixture
def checks(monkeypatch) -> list[Check]:
    """Those of the otter assignment."""
    for name in ("otter", "otter.test_files"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    sys.modules["otter.test_files"].test_case = Check  # type: ignore[attr-defined]
    monkeypatch.syspath_prepend(str(benchmark.ASSIGNMENT))
    files = sorted((benchmark.ASSIGNMENT / "tests").glob("*.py"))
    return [value for file in files for value in runpy.run_path(str(file)).values() if isinstance(value, Check)]


def lost(checks: list[Check], environment: dict[str, Any]) -> set[str]:
    """The numbers of the checks that fail, called with the submission's functions as otter calls them."""
    numbers = set()
    for check in checks:
        code = check.function.__code__
        try:
            check.function(**{name: environment[name] for name in code.co_varnames[: code.co_argcount]})
        except Exception:
            numbers.add(check.name[:4])
    return numbers


def test_there_are_ten_checks_of_the_same_points(checks):
    points: dict[str, float] = {}
    for check in checks:
        points[check.name[:4]] = points.get(check.name[:4], 0) + check.points
    assert points == {test.number: test.points for test in EQUAL}
    assert len(points) == 10


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_otter_s_checks_decide_as_those_here(case: Case, checks, tmp_path):
    environment = runpy.run_path(str(case.write(tmp_path) / "quantization.py"))
    expected = {test.number for test in EQUAL} & set(case.loses)
    found = lost(checks, environment)
    if case.id in NEEDS_A_PROCESS:
        assert expected
        assert not found
    else:
        assert found - case.may_lose == expected - case.may_lose


def test_no_drawn_weights_make_a_symmetric_range_right():
    otter = runpy.run_path(str(benchmark.ASSIGNMENT / "support" / "array_checks.py"))
    for draw in (quantization_checks.drawn_weights, otter["drawn_weights"]):
        for seed in range(1000):
            W = draw(np.random.default_rng(seed), 40, 25)
            assert W.min() < 0 < W.max()
            assert abs(W.max() + W.min()) > np.ptp(W) / 20


def test_the_submissions_are_cases_of_the_exam():
    known = benchmark.cases()
    assert len(set(benchmark.SUBMISSIONS)) == 10
    assert {*benchmark.SUBMISSIONS, *benchmark.HOSTILE.values()} <= set(known)


def test_without_otter_one_sentence_names_the_extra(capsys, monkeypatch):
    monkeypatch.setattr(benchmark, "find_spec", lambda name: None)
    assert benchmark.main([]) == 2
    assert "pip install -e '.[benchmark]'" in capsys.readouterr().err


@pytest.mark.slow
def test_a_grader_that_does_not_end_is_stopped():
    assert not benchmark._run([sys.executable, "-c", "import time; time.sleep(60)"], limit=1)
    assert benchmark._run([sys.executable, "-c", ""], limit=60)
