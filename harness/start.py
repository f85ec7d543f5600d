"""What ``python -m grader`` and ``python -m harness`` start."""

from __future__ import annotations

import sys

from harness.problem import ProblemError

__all__ = ["main"]


def main(name: str) -> None:
    """Run the command line; a manifest that can't be used is one sentence.

    Args:
        name: of the program, for its help.
    """
    try:
        from harness.cli import app
    except ProblemError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    app(prog_name=name)
