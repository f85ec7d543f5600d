"""The README and the pages for staff say what is so."""

from __future__ import annotations

import html
import re

from docs.picture import PICTURE, record
from harness.catalog import RESULTS, read_suites
from harness.problem import problem
from harness.validation.cases import read_cases
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
OF_CASES = (ROOT / "docs" / "writing-tests.md").read_text(encoding="utf-8")


def test_the_picture_is_what_the_grader_prints(launcher):
    """Run ``make picture`` and look at it when this fails."""
    shown = re.findall(r"<text[^>]*>([^<]*)</text>", PICTURE.read_text(encoding="utf-8"))
    printed = record(launcher).export_text()
    assert "".join(html.unescape("".join(shown)).split()).endswith("".join(printed.split()))


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 120


def test_points_of_today_are_the_suites():
    graded = sum(test.points for test in read_suites())
    of_results = sum(test.points for test in read_suites() if RESULTS in test.tags)
    assert graded == problem().automatic
    said = f"{graded:g} automatic points: {graded - of_results:g} for code and {of_results:g} for results"
    assert said in " ".join(README.split())


def test_the_number_of_cases_is_about_right():
    said = re.search(r"some (\d+) submissions", " ".join(OF_CASES.split()))
    assert said is not None
    assert abs(int(said[1]) - len(read_cases())) <= 20


def test_every_case_that_is_named_exists():
    named = re.findall(r"grader validate (?:--messages )?(\w+)", OF_CASES)
    assert named
    assert set(named) <= {case.name for case in read_cases()}


def test_the_checks_before_a_change_are_those_that_contributing_names():
    run = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    commands = re.findall(r"^make \w+$", run, re.MULTILINE)
    assert commands
    assert set(commands) <= set(re.findall(r"^(make \w+) +#", contributing, re.MULTILINE))
