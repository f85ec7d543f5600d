"""Fixtures for every suite: the student's code, random numbers, and output besides the verdict.

The plugin registers them only when suites are collected. pytest doesn't rewrite this module's assertions
(PYTEST_DONT_REWRITE), because a warm server has imported it before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

import numpy as np
import pytest
import torch

from harness.facts import Fact, Source
from harness.gradebook import Measurement, Picture
from harness.host.failures import SandboxError
from harness.host.proxies import Student
from harness.outcomes import FACTS, MEASUREMENTS, NOTE, PICTURES
from harness.plugin import GRADING, STUDENT, TEST


@pytest.fixture
def student(request: pytest.FixtureRequest) -> Iterator[Student]:
    """The submission: ``student.layers.softmax(x)`` runs in a process of its own, for this test alone."""
    node = request.node
    one = request.config.stash[GRADING].student(node.stash[TEST])
    node.stash[STUDENT] = one
    yield one
    with suppress(SandboxError):  # an interrupted run has stopped the sandbox already
        one.close()


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """Random numbers drawn anew in every run; ``--seed`` repeats them."""
    node = request.node
    generator: np.random.Generator = request.config.stash[GRADING].rng(node.stash[TEST])
    return generator


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Write into the report what a test measured, even if it passes."""

    def say(text: str) -> None:
        request.node.stash[NOTE] = text

    return say


@pytest.fixture
def show(request: pytest.FixtureRequest) -> Callable[[Picture], None]:
    """Put a picture into the score page, whether the test passes or not."""
    return request.node.stash.setdefault(PICTURES, []).append


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Record a measured value with its bound.

    ``python -m grader validate --calibrate`` shows the distance between them.

    ``measured("images recognised", found, 98)`` means that 98 or more pass; with ``rises=False``, less than 98.
    """
    kept = request.node.stash.setdefault(MEASUREMENTS, [])

    def keep(what: str, value: float, bound: float, rises: bool = True) -> None:
        kept.append(Measurement(what, float(value), float(bound), rises))

    return keep


@pytest.fixture
def fact(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Record a fact about the submission for staff, who compare written answers with it.

    ``fact("test accuracy at learning rate 0.1", 71.3, "%", question="1.1")``; without a question it belongs to the
    test's part. It changes no verdict, and no student sees it. A fact with the same name replaces the former one.
    """
    node = request.node
    kept = node.stash[FACTS] = list[Fact]()

    def keep(
        name: str,
        value: float | str,
        unit: str = "",
        question: str = "",
        source: Source = "measured",
        tolerance: float | None = None,
        also: Iterable[str] = (),
    ) -> None:
        value = value if isinstance(value, str) else float(value)
        one = Fact(question or node.stash[TEST].part, name, value, unit, source, tolerance, tuple(also))
        kept[:] = [other for other in kept if (other.question, other.name) != (one.question, name)] + [one]

    return keep


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Use one thread for torch, as workers do, so that sums in the same order give the same last bits."""
    torch.set_num_threads(1)
