"""Real results for the tests: every part that earns points, trained by the solution on few images."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import torch

from course.experiments.profiles import PROFILES
from course.experiments.runner import Plan, Session
from harness.validation.cases import SOLUTION

__all__ = ["PARTS", "TINY", "made_once"]

#: The quick profile with a few steps an epoch. Tests of results count on all of the test images.
TINY = replace(PROFILES["quick"], halved=True, training=320, short=1, timing=1)
PARTS = ("1.1", "1.2", "3.2", "3.3", "3.4", "4.2", "6.2")


def made_once(folder: Path) -> Path:
    """The results, made by the first of the test processes that come here; the others wait."""
    done, results = folder / "done", folder / "results"
    try:
        folder.mkdir()
    except FileExistsError:
        deadline = time.monotonic() + 500
        while not done.exists():
            assert time.monotonic() < deadline, f"nobody finished {results}"
            time.sleep(0.5)
        return results
    torch.set_num_threads(1)
    session = Session(Plan(PARTS, TINY, SOLUTION, results))
    for part in PARTS:
        record = session.run(part)
        assert record.state == "complete", record.reason
    done.touch()
    return results
