"""Run a test's function a second time, for another submission. Only this module uses pytest's private names."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import pytest

from harness.host.proxies import Student
from harness.outcomes import score_kept

__all__ = ["run_again"]


def run_again(item: pytest.Function, student: Student, rng: np.random.Generator) -> None:
    """Run a test's function with another submission.

    Fixtures that depend on ``student`` are set up again for this submission, in its own worker. Other fixtures keep
    their values. The score of the first run is kept.

    Raises:
        Exception: any exception that the test raises.
    """
    with ExitStack() as opened, score_kept(item):
        values: dict[str, Any] = {"student": student, "rng": rng, "request": item._request}
        item.obj(**{name: _value(item, name, values, opened) for name in item._fixtureinfo.argnames})


def _value(item: pytest.Function, name: str, values: dict[str, Any], opened: ExitStack) -> Any:
    """The value of a fixture: that of the first run, unless the fixture depends on ``student``."""
    if name not in values:
        if not _depends_on_student(item, name):
            return item.funcargs[name]
        definition = item._fixtureinfo.name2fixturedefs[name][-1]
        arguments = {one: _value(item, one, values, opened) for one in definition.argnames}
        made = definition.func(**arguments)
        values[name] = opened.enter_context(_torn_down(made)) if inspect.isgenerator(made) else made
    return values[name]


def _depends_on_student(item: pytest.Function, name: str) -> bool:
    definitions = item._fixtureinfo.name2fixturedefs.get(name, ())
    return name == "student" or any(
        _depends_on_student(item, one) for one in (definitions[-1].argnames if definitions else ())
    )


@contextmanager
def _torn_down(fixture: Iterator[Any]) -> Iterator[Any]:
    """The value of a generator fixture, whose clean-up runs at the end of the context."""
    yield next(fixture)
    next(fixture, None)
