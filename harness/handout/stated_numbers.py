"""Find points and limits of words on students' pages that the problem set doesn't have any more."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from harness.catalog import RESULTS, read_suites
from harness.numbers import chapter_of
from harness.problem import problem
from harness.reports.text import points
from harness.submission import answers

__all__ = ["stale"]

ANSWERS = "student/answers.md"
NUMBER = r"(\d+(?:\.\d+)?)"
#: Points of tests, as "20 automatic points" and "20 points are automatic".
AUTOMATIC = re.compile(rf"\b{NUMBER} (?:automatic points?|points? (?:is|are) automatic)\b")
ANY = re.compile(rf"\b{NUMBER} (?:\w+ )?points?\b")


def stale(files: Mapping[str, bytes]) -> list[str]:
    """A sentence for each number that is wrong, and for each heading that the answers lack.

    Points are wrong if neither the whole, a part, a question nor a test has as many. Only digits are looked at, and a
    wrong number that is right elsewhere isn't noticed.

    Args:
        files: the files that students get, by path. Those that aren't Markdown are left out.
    """
    by_tests = {points(number) for number in _by_tests()}
    known = by_tests | {points(number) for number in _others()}
    pages = {name: data.decode("utf-8") for name, data in files.items() if name.endswith(".md")}
    found: dict[tuple[str, int], str] = {}
    for name, page in pages.items():
        text = " ".join(page.split())
        for pattern, right in ((AUTOMATIC, by_tests), (ANY, known)):
            for stated in pattern.finditer(text):
                if points(float(stated[1])) not in right:
                    found.setdefault((name, stated.start()), _wrong_points(name, stated[0]))
    return [*found.values(), *(_in_answers(pages[ANSWERS]) if ANSWERS in pages else ())]


def _wrong_points(name: str, stated: str) -> str:
    about = problem()
    return (
        f"{name} says “{stated}”, which is neither a total nor the points of a part, a question or a test: correct it. "
        f"The problem set has {about.automatic} automatic points and {about.by_hand} by hand."
    )


def _by_tests() -> Iterator[float]:
    """The automatic points: of all, of each part, chapter and test, of hidden tests, and of tests of results."""
    yield from _sums({part.number: part.automatic for part in problem().part})
    yield from (test.points for test in read_suites())
    yield from _of_kinds()


def _of_kinds() -> tuple[float, float]:
    tests = read_suites()
    return sum(test.points for test in tests if test.hidden), sum(test.points for test in tests if RESULTS in test.tags)


def _others() -> Iterator[float]:
    """Other points that a page may state: of the handout, by hand, of questions, and without tests of one kind."""
    yield from (problem().automatic - given for given in _of_kinds())
    yield from (question.points for question in problem().question)
    yield from _sums({part.number: part.handout for part in problem().part})
    yield from _sums({part.number: part.handout - part.automatic for part in problem().part})


def _sums(by_part: Mapping[str, int]) -> Iterator[int]:
    """Points by part, their sums by chapter, and the sum of all."""
    yield from by_part.values()
    for chapter in {chapter_of(number) for number in by_part}:
        yield sum(given for number, given in by_part.items() if chapter_of(number) == chapter)
    yield sum(by_part.values())


def _in_answers(text: str) -> Iterator[str]:
    for question, answer in zip(problem().question, answers.parse(text).answers, strict=True):
        name = f"question {question.part} ({question.title})"
        title = rf"{re.escape(question.part)} +{re.escape(question.title)}"
        heading = re.search(rf"^#+ +{title}(?: +\((\d+)(?: words)?\))?", text, re.MULTILINE)
        if not answer.found and not question.figure_only:
            yield f"{ANSWERS} has no heading for {name}: add it, with its limit of words in brackets."
        elif heading and heading[1] != (right := None if question.words is None else str(question.words)):
            yield (
                f"The heading of {name} in {ANSWERS} has the limit {heading[1] or 'none'}, problem.toml has "
                f"{right or 'none'}: correct one of them."
            )
