"""Run the code tests on the GPU as well, and report code that is correct on one device only.

Points come from the CPU, where they are the same everywhere. GPU workers create their tensors on the GPU
(``torch.set_default_device``) and receive the tests' tensors there. TF32 is off, because the tolerances are those of
float32 sums in any order.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch

from harness import ROOT, gpu_driver
from harness.catalog import RESULTS, chosen, read_suites
from harness.gradebook import Gradebook, State
from harness.grading import grade
from harness.host.fork import ForkLauncher
from harness.isolation.limits import Limits
from harness.reports.text import last_line
from harness.submission.intake import Submission

__all__ = ["grade_there", "notes", "warning", "why_not"]

#: A worker's first use of CUDA takes seconds.
LIMITS = Limits(call_seconds=30.0, test_seconds=60.0, cpu_seconds=180)
#: The layers of the sandbox that CUDA can't work with.
WITHOUT = ("Landlock", "seccomp")


def why_not(require_isolation: bool) -> str:
    """One sentence on why nothing can be graded on a GPU here; empty if it can."""
    if not torch.cuda.is_available():
        found = gpu_driver.find("cuda", container=gpu_driver.in_container())
        return f"{found.sentence} Or leave out --device cuda."
    if require_isolation:
        return "On a GPU student code is not isolated in full: leave out --require-isolation or --device cuda."
    return ""


def warning() -> str:
    """A sentence for staff on what is less safe on a GPU."""
    user = "as another user" if os.geteuid() == 0 else "as you, with all that you may"
    page = ROOT / "docs" / "image.md"  # a problem set that was copied from the example has no such page
    advice = " docs/image.md says under Grading on a GPU what to do." if page.exists() else ""
    return f"On a GPU student code runs {user}, without Landlock and the filter of system calls.{advice}"


def grade_there(submission: Submission, here: Gradebook, parts: Sequence[str] = (), device: str = "cuda") -> Gradebook:
    """Run the code tests again with the same inputs, and tensors on the GPU. Only one run at a time uses the GPU."""
    of_code = tuple(test.number for test in chosen(read_suites(), parts) if RESULTS not in test.tags)
    with _owned():
        launcher = ForkLauncher(LIMITS, WITHOUT, device)
        try:
            return grade(submission, name=here.submission, parts=of_code, seed=here.seed, launcher=launcher)
        finally:
            launcher.stop()


@contextmanager
def _owned() -> Iterator[None]:
    path = Path(tempfile.gettempdir()) / f"harness-gpu-{os.getuid()}.lock"
    # Everybody can write this folder, so links are not followed.
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600), "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def notes(here: Gradebook, there: Gradebook) -> tuple[str, ...]:
    """A line for each difference."""
    if there.interrupted:
        return ("The run on the GPU was interrupted: what differs there is not known.",)
    pairs = [(test, outcome, there.outcome(test)) for test, outcome in here.results if there.is_selected(test)]
    faults = [other.fault or outcome.fault for _, outcome, other in pairs if other.fault or outcome.fault]
    if faults:
        tests = "1 test" if len(faults) == 1 else f"{len(faults)} tests"
        return (f"What differs on the GPU is not known: the grader had a fault in {tests} ({last_line(faults[0])}).",)
    differing = [(test, other) for test, outcome, other in pairs if _passed(outcome.state) != _passed(other.state)]
    if not differing:
        return (f"On the GPU all {len(pairs)} tests of code have the same results as on the CPU.",)
    lines = [f"On the GPU {len(differing)} of {len(pairs)} tests have another result; this changes no points:"]
    for test, other in differing:
        said = last_line(other.fault) or other.finding.partition("\n")[0] or other.state.value
        lines.append(f"  {test.number} {other.state.value} there: {said}")
    return tuple(lines)


def _passed(state: State) -> bool:
    return state is State.PASSED
