"""The README says what is so."""

from __future__ import annotations

import html
import re

from docs.picture import PICTURE, record
from harness.catalog import read_suites
from harness.problem import problem
from harness.validation.cases import read_cases
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_picture_is_what_the_grader_prints(launcher):
    """Run ``make picture`` and look at it when this fails."""
    shown = re.findall(r"<text[^>]*>([^<]*)</text>", PICTURE.read_text(encoding="utf-8"))
    printed = record(launcher).export_text()
    assert "".join(html.unescape("".join(shown)).split()).endswith("".join(printed.split()))


def test_points_and_parts_of_today_are_the_suites():
    graded = sum(test.points for test in read_suites())
    assert graded == problem().automatic
    assert f"{graded:g} automatic points" in " ".join(README.split())


def test_the_number_of_cases_is_about_right():
    said = re.search(r"some (\d+) wrong, right and broken submissions", " ".join(README.split()))
    assert said is not None
    assert abs(int(said[1]) - len(read_cases())) <= 20


def test_every_case_that_is_named_exists():
    named = re.findall(r"grader validate (?:--messages )?(\w+)", README)
    assert named
    assert set(named) <= {case.name for case in read_cases()}


def test_every_path_that_is_named_exists():
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target
    for target in re.findall(r"`((?:student|course|fixtures|grader|tests|benchmarks|docs)/[\w/.]*)`", README):
        assert (ROOT / target).exists(), target
