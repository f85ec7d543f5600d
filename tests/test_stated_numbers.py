"""Pages for students state points and limits of words that the problem set has, and others are named."""

from __future__ import annotations

import pytest

from harness.handout.stated_numbers import stale
from harness.problem import problem
from tests.conftest import ROOT

TOTAL = problem().automatic


@pytest.mark.parametrize(
    "text",
    [
        f"{TOTAL} automatic points",
        f"{TOTAL} points are automatic; {problem().by_hand} further points are given by hand",
        f"all {problem().handout} points",
        "1 point",
        "3 fixed points",
        "0.5 is no number of points, and 777 is none",
    ],
)
def test_points_that_the_problem_set_has_are_right(text):
    assert stale({"README.md": text.encode()}) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"There are {TOTAL + 1} automatic\npoints.", f"{TOTAL + 1} automatic points"),
        (f"{TOTAL - 1} points are automatic", f"{TOTAL - 1} points are automatic"),
        ("Part 1 has 777 points.", "777 points"),
        ("777 further points", "777 further points"),
        ("1.25 points", "1.25 points"),
    ],
)
def test_points_that_nothing_has_are_named(text, said):
    (sentence,) = stale({"docs/page.md": text.encode(), "page.txt": b"777 points"})
    assert sentence.startswith(f"docs/page.md says “{said}”, which is neither a total nor the points of a part")
    assert sentence.endswith(f"The problem set has {TOTAL} automatic points and {problem().by_hand} by hand.")


def in_answers(before: str, after: str) -> list[str]:
    text = (ROOT / "student" / "answers.md").read_text(encoding="utf-8")
    assert text.count(before) == 1
    return stale({"student/answers.md": text.replace(before, after).encode()})


def test_a_limit_of_words_that_the_manifest_does_not_have_is_named():
    title = "What happens at the pruning steps"
    start = f"The heading of question 3.3 ({title}) in student/answers.md has the limit"
    end = "problem.toml has 150: correct one of them."
    assert in_answers(f"{title} (150)", f"{title} (140)") == [f"{start} 140, {end}"]
    assert in_answers(f"{title} (150)", title) == [f"{start} none, {end}"]
    assert in_answers(f"{title} (150)", f"{title} (150 words)") == []


def test_a_question_without_a_heading_is_named():
    title = "What happens at the pruning steps"
    (sentence,) = in_answers(f"## 3.3 {title} (150)", "")
    assert sentence.startswith(f"student/answers.md has no heading for question 3.3 ({title}): add it")
