"""The edition of this copy of the grader, and the folders that student code must not read in it.

The repository is the staff's. ``make handout`` and ``make autograder`` write their own edition into their zips.
"""

from __future__ import annotations

from typing import Literal

from harness import ROOT
from harness.problem import problem

__all__ = ["EDITION", "SECRET_FOLDERS", "Edition", "edited", "on_gradescope"]

Edition = Literal["staff", "gradescope", "students"]

EDITION: Edition = "staff"

_PLACE = problem().place
_HELD_OUT = {f"{_PLACE}/data": problem().problem.held_out} if problem().problem.held_out else {}
_TESTS = {f"{_PLACE}/suites": "the tests"}
_SOLUTION = {f"{_PLACE}/solution": "the solution"}
_CASES = {f"{_PLACE}/cases": "the validation cases"}

#: The secret folders of each edition, with the self-check's name for their content. Each folder must exist.
SECRET_FOLDERS: dict[Edition, dict[str, str]] = {
    "staff": {**_TESTS, **_SOLUTION, **_HELD_OUT, **_CASES},
    "gradescope": {**_TESTS, **_SOLUTION, **_HELD_OUT},
    "students": {**_TESTS},
}


def on_gradescope() -> bool:
    """Whether reports are read on Gradescope. There, students have no command line and submit files, not a zip."""
    return EDITION == "gradescope"


def edited(edition: Edition) -> str:
    """The text of this file for another edition."""
    text = (ROOT / "harness" / "edition.py").read_text(encoding="utf-8")
    line = f'EDITION: Edition = "{EDITION}"\n'
    if text.count(line) != 1:
        raise ValueError(f"harness/edition.py has no single line {line.strip()}: restore it.")
    return text.replace(line, f'EDITION: Edition = "{edition}"\n')
