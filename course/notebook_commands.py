"""Run commands in the notebook's cells, and replace the output of a cell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.repeat import CALLED_AS

__all__ = ["Output", "progress", "run", "start", "stop"]

ROOT = Path(__file__).resolve().parent.parent
WIDTH = 120
"""The width of a line of output in characters."""


def _unchanged(text: str) -> str:
    return text


def start(*arguments: str) -> subprocess.Popen[str]:
    """Start ``python`` with these arguments. Its output and errors come through one pipe, as text."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    # A kernel asks programs to write as on a terminal. Their progress bars would fill the cell.
    kept = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "CLICOLOR_FORCE")}
    settings = {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8", "COLUMNS": str(WIDTH)}
    # A kernel makes matplotlib draw into cells, but these commands draw into files.
    settings |= {"NO_COLOR": "1", "MPLBACKEND": "agg", CALLED_AS: "notebook"}
    return subprocess.Popen(
        [sys.executable, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        env={**kept, **settings},
    )


def run(*arguments: str, quiet: bool = False, said: Callable[[str], str] = _unchanged) -> int:
    """Run ``python`` with these arguments, and print each line of its output at once.

    Args:
        quiet: print nothing if the command succeeds.
        said: returns the line to print for a line of output.

    Returns:
        The exit code of the command.

    Raises:
        KeyboardInterrupt: the cell was interrupted; the command has then ended.
    """
    process = start(*arguments)
    assert process.stdout is not None
    lines = []
    try:
        for line in process.stdout:
            lines.append(said(line.rstrip()))
            if not quiet:
                print(lines[-1])
    except KeyboardInterrupt:
        stop(process)
        raise
    finally:
        code = process.wait()
    if code and quiet:
        print("\n".join(lines))
    return code


def stop(process: subprocess.Popen[str]) -> None:
    """Wait for an interrupted command, which the interruption may have reached too; terminate it after 5 s."""
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.terminate()


class Output:
    """The output of a cell, which each call of :meth:`show` replaces."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._shown = ""

    def show(self, text: str, html: str = "") -> None:
        """Show the HTML, or the text where HTML can't be shown."""
        from IPython.display import display

        if self._shown == (html or text):
            return
        self._shown = html or text
        data = {"text/plain": text, **({"text/html": html} if html else {})}
        if self._handle is None:
            self._handle = display(data, raw=True, display_id=True)
        else:
            self._handle.update(data, raw=True)


def progress(report: Path) -> str:
    """Say how many tests a running grading has finished, from its report, which each test updates."""
    try:
        tests = json.loads(report.read_text(encoding="utf-8"))["tests"]
    except (OSError, ValueError, KeyError):
        return "Grading …"
    done = sum(test.get("extra_data", {}).get("seconds", 0) > 0 for test in tests)
    return f"Grading … {done} test{'' if done == 1 else 's'} done." if done else "Grading …"
