"""Which copy of the grader this is, and which of its folders student code must not read.

The repository is the staff's. ``make handout`` and ``make autograder`` write their own edition into their zips.
"""

from __future__ import annotations

from typing import Literal

from harness import ROOT

__all__ = ["EDITION", "SECRET_FOLDERS", "Edition", "edited"]

Edition = Literal["staff", "gradescope", "students"]

EDITION: Edition = "staff"

#: The secret folders of each edition, with what the self-check calls their contents. Each folder must be there.
SECRET_FOLDERS: dict[Edition, dict[str, str]] = {
    "staff": {
        "grader/suites": "the tests",
        "grader/solution": "the solution",
        "grader/data": "the held-out images",
        "grader/cases": "the validation cases",
    },
    "gradescope": {
        "grader/suites": "the tests",
        "grader/solution": "the solution",
        "grader/data": "the held-out images",
    },
    "students": {"grader/suites": "the tests"},
}


def edited(edition: Edition) -> str:
    """The text of this file for another edition."""
    text = (ROOT / "harness" / "edition.py").read_text(encoding="utf-8")
    line = f'EDITION: Edition = "{EDITION}"\n'
    if text.count(line) != 1:
        raise ValueError(f"harness/edition.py has no single line {line.strip()}: restore it.")
    return text.replace(line, f'EDITION: Edition = "{edition}"\n')
