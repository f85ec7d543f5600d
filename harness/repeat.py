"""The command that graded, with other options: what a report advises can be pasted as it is printed.

Whoever starts Python for a person says so in the environment variable ``CALLED_AS``: the Makefile, the cells of a
notebook, and the container's entry point.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from harness import ROOT
from harness.catalog import GradedTest

__all__ = ["CALLED_AS", "Repeat", "experiments"]

CALLED_AS = "CALLED_AS"
"""The environment variable: ``make``, ``notebook``, ``image``, or not set where somebody called Python."""
STUDENT = ROOT / "student"


@dataclass(frozen=True)
class Repeat:
    """A grading that can be repeated."""

    submission: Path | None = None
    """The submission as it was named, or None for a run of pytest."""
    parts: tuple[str, ...] = ()
    """The parts and tests that were graded; empty means all."""

    def of(self, test: GradedTest) -> str:
        """The command that runs one test."""
        if self.submission is None:
            return f"{_program('pytest')} -k {test.function}"
        return self._command((test.number,))

    def with_all_messages(self) -> str:
        """The command that shows the message of every failed test; empty for a run of pytest, which shows them all."""
        return "" if self.submission is None else self._command(self.parts, every=True)

    def with_seed(self, seed: int) -> str:
        """The command that draws the same inputs again; for a run of pytest only the option."""
        if self.submission is None:
            return f"--seed {seed}"
        return self._command(self.parts, seed=seed)

    def _command(self, parts: tuple[str, ...], every: bool = False, seed: int | None = None) -> str:
        assert self.submission is not None
        own = self.submission.absolute() == STUDENT
        name = shlex.quote(str(self.submission))
        match _called_as():
            case "make":
                words = ["make grade", *([] if own else [f"SUBMISSION={name}"])]
                words += [f"PART={shlex.quote(' '.join(parts))}"] if parts else []
                words += ["ALL=1"] if every else []
                words += [f"SEED={seed}"] if seed is not None else []
                return " ".join(words)
            case "notebook":
                arguments = [f'"{part}"' for part in parts] + (["everything=True"] if every else [])
                arguments += [f"seed={seed}"] if seed is not None else []
                return f"{'check' if parts else 'grade'}({', '.join(arguments)})"
        if own and _called_as() != "image":
            words = [f"{_program('python')} -m grader check", *parts]
        else:
            start = "grade" if _called_as() == "image" else f"{_program('python')} -m grader grade"
            words = [start, name, *(f"--part {part}" for part in parts)]
        return " ".join([*words, *(["--all"] if every else []), *([f"--seed {seed}"] if seed is not None else [])])


def experiments(part: str, python: str = "") -> str:
    """The command that runs a part's experiments in the full profile.

    Args:
        python: the name of Python in a report that is read elsewhere; here, that of this Python by default.
    """
    match _called_as():
        case "notebook":
            return f'experiments("{part}", profile="full")'
        case "image":
            return f"experiments {part} --profile full"
    return f"{python or _program('python')} run_experiments.py {part} --profile full"


def _called_as() -> str:
    return os.environ.get(CALLED_AS, "")


def _program(name: str) -> str:
    """A program beside this Python, as it is called from the current folder."""
    here = Path(sys.executable).with_name(name)
    if (found := shutil.which(name)) is not None and Path(found).absolute() == here:
        return name  # an active virtual environment
    with_ending = Path(f"{here}.exe") if os.name == "nt" else here
    if not with_ending.exists():
        return name
    try:
        return str(here.relative_to(Path.cwd()))
    except ValueError:
        return str(here)
