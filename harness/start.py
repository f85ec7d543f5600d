"""The entry point of ``python -m grader`` and ``python -m harness``."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

from harness.base.quick_exit import quick_exit
from harness.warm import client

__all__ = ["main"]

#: With these options, a warm server doesn't do the grading, and no server is started early.
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
        _start_early(sys.argv[1:])
        from harness.cli import app_for

        app = app_for(sys.argv[1] if len(sys.argv) > 1 else "")
    except ProblemError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    with quick_exit():
        app(prog_name=name)


def _start_early(arguments: Sequence[str]) -> None:
    """Start what runs student code, so that it imports while this process imports.

    Until the tests are collected there is no garbage collection. It would take a tenth of that time, and find little.
    """
    if not _can_be_warm(arguments) or sys.platform != "linux":
        return
    gc.disable()
    from harness.host.server_process import start_early, start_template, use_template, uses_template

    if _grades_in_one_process(arguments):
        start_early()
    elif not uses_template():  # as in a warm server
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # with more threads, this process could not be forked
        use_template(start_template())


def _grades_in_one_process(arguments: Sequence[str]) -> bool:
    """Whether these arguments name parts, and no number of processes."""
    options = _options(arguments)
    return "--jobs" not in options and ("--part" in options or (arguments[0] == "check" and _has_parts(arguments[1:])))


def _has_parts(arguments: Sequence[str]) -> bool:
    """Whether one of the arguments of ``check`` is neither an option nor an option's value."""
    previous = ""
    for one in arguments:
        if not one.startswith("-") and (not previous.startswith("-") or "=" in previous or previous == "--all"):
            return True
        previous = one
    return False


def _can_be_warm(arguments: Sequence[str]) -> bool:
    """Whether a warm server may do the grading that these arguments ask for."""
    return _is_grading(arguments) and not _options(arguments) & COLD


def _is_grading(arguments: Sequence[str]) -> bool:
    return bool(arguments) and arguments[0] in ("check", "grade")


def _options(arguments: Sequence[str]) -> set[str]:
    return {one.partition("=")[0] for one in arguments[1:]}
