"""The entry point of ``python -m grader`` and ``python -m harness``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from harness.base.quick_exit import quick_exit
from harness.warm import client

__all__ = ["main"]

#: With these options, a grading doesn't use a server that was started early, or not at once.
LATER = {"--device", "--experiments", "--help", "--in-process", "--jobs", "--require-isolation"}
#: With these options, a warm server doesn't do the grading.
COLD = {"--device", "--experiments", "--help", "--in-process", "--require-isolation"}


def main(name: str) -> None:
    """Run the command line. A manifest that can't be used gives one sentence.

    Args:
        name: the program's name, for its help.
    """
    if _can_be_warm(sys.argv[1:]) and (code := client.run(["-m", name.split()[-1], *sys.argv[1:]])) is not None:
        sys.exit(code)
    from harness.problem import ProblemError  # takes as long to import as all of the above

    try:
        if _grades_in_one_process(sys.argv[1:]):
            from harness.host.server_process import start_early

            start_early()
        from harness.cli import app_for

        app = app_for(sys.argv[1] if len(sys.argv) > 1 else "")
    except ProblemError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    with quick_exit():
        app(prog_name=name)


def _grades_in_one_process(arguments: Sequence[str]) -> bool:
    """Whether these arguments grade in one process. Its server can then start while this process imports."""
    options = _options(arguments)
    some_parts = "--part" in options or bool([*arguments[:1]] == ["check"] and arguments[1:])
    return _is_grading(arguments) and some_parts and not options & LATER


def _can_be_warm(arguments: Sequence[str]) -> bool:
    """Whether a warm server may do the grading that these arguments ask for."""
    return _is_grading(arguments) and not _options(arguments) & COLD


def _is_grading(arguments: Sequence[str]) -> bool:
    return bool(arguments) and arguments[0] in ("check", "grade")


def _options(arguments: Sequence[str]) -> set[str]:
    return {one.partition("=")[0] for one in arguments[1:]}
