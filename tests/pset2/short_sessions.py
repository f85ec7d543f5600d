"""Sessions of a few steps, for the tests of the experiments."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from course.experiments.runner import Plan, Session
from course.records import Record
from harness.validation.cases import SOLUTION
from tests.pset2.quick_results import TINY

__all__ = ["SHORT", "run_part", "session"]

SHORT = replace(TINY, training=96, test=64, long=5)
"""The profile of these sessions: three steps an epoch."""


def session(out: Path, *parts: str, student: Path = SOLUTION, **options: Any) -> Session:
    """A session of these parts. Options are those of a plan and of a session."""
    of_plan = {name: options.pop(name) for name in ("seed", "resume", "replace") if name in options}
    return Session(Plan(parts, options.pop("profile", SHORT), student, out, **of_plan), **options)


def run_part(out: Path, part: str, **options: Any) -> Record:
    """Run one part; its record."""
    return session(out, part, **options).run(part)
