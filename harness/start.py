"""What ``python -m grader`` and ``python -m harness`` start."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from harness.problem import ProblemError

__all__ = ["main"]

#: With these a grading doesn't use the server that was started early, or not at once.
LATER = {"--device", "--experiments", "--help", "--in-process", "--jobs", "--require-isolation"}


def main(name: str) -> None:
    """Run the command line; a manifest that can't be used is one sentence.

    Args:
        name: of the program, for its help.
    """
    try:
        if _grades_in_one_process(sys.argv[1:]):
            from harness.host.server_process import start_early

            start_early()
        from harness.cli import app
    except ProblemError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    app(prog_name=name)


def _grades_in_one_process(arguments: Sequence[str]) -> bool:
    """Whether these arguments ask for a grading in one process: it needs a server, which begins while this imports."""
    options = {one.partition("=")[0] for one in arguments[1:]}
    return [*arguments[:1]] == ["grade"] and "--part" in options and not options & LATER
