"""Describe exceptions of student code with the student's own lines, and without frames of the grader."""

from __future__ import annotations

import linecache
import os
import traceback
from pathlib import Path
from types import TracebackType

from harness.failure import Failure, StackLine

__all__ = ["MissingName", "describe"]

MAX_TEXT = 2000
MAX_STACK = 8


class MissingName(Exception):
    """The submission lacks a module or a name that a test uses."""


def describe(error: BaseException, submission: Path, importing: bool = False) -> Failure:
    """Turn an exception into data. Errors of the exception's own methods (a hostile ``__str__``) are contained."""
    if isinstance(error, MissingName):
        return Failure("missing", "", str(error), [])
    stack = _student_lines(error.__traceback__, submission)
    message = _text(error)
    if isinstance(error, SyntaxError):
        stack = _syntax_line(error, submission) or stack
        message = _clip(str(error.msg))
    if type(error).__name__ == "BdbQuit":
        message = "breakpoint() needs a terminal to type in, and there is none"
    if isinstance(error, MemoryError) and not message:
        message = "memory ran out (the limit of a worker)"
    kind = "exception"
    if isinstance(error, NotImplementedError) and _raised_in(error.__traceback__, submission):
        kind = "not implemented"
    elif importing:
        kind = "import"
    return Failure(kind, _clip(type(error).__name__), message, stack)  # type: ignore[arg-type]


def _text(error: BaseException) -> str:
    try:
        return _clip(str(error))
    except BaseException:
        return "(the exception's text can't be shown: its __str__ raises an exception)"


def _clip(text: str) -> str:
    text = str.encode(text, "utf-8", "replace").decode("utf-8")
    if len(text) > MAX_TEXT:
        return f"{text[:MAX_TEXT]}… ({len(text) - MAX_TEXT:,} more characters)"
    return text


def _inside(path: str, submission: Path) -> str | None:
    """The file's path relative to the submission, or None if it is elsewhere."""
    try:
        relative = os.path.relpath(path, submission)
    except ValueError:  # another drive
        return None
    return None if relative.startswith("..") else Path(relative).as_posix()


def _student_lines(trace: TracebackType | None, submission: Path) -> list[StackLine]:
    lines = []
    for frame, number in traceback.walk_tb(trace):
        path = frame.f_code.co_filename
        if (name := _inside(path, submission)) is not None:
            code = linecache.getline(path, number).strip()
            lines.append(StackLine(name, number, frame.f_code.co_name, _clip(code)))
        if len(lines) > 2000:  # a recursion
            break
    if len(lines) > MAX_STACK:
        half = MAX_STACK // 2
        left_out = StackLine("", 0, f"({len(lines) - MAX_STACK:,} more calls)", "")
        lines = [*lines[:half], left_out, *lines[-half:]]
    return lines


def _syntax_line(error: SyntaxError, submission: Path) -> list[StackLine]:
    name = _inside(str(error.filename), submission) if error.filename else None
    if name is None:
        return []
    code = (error.text or "").rstrip("\n")
    if error.offset and code:
        stripped = code.lstrip()
        marker = max(error.offset - 1 - (len(code) - len(stripped)), 0)
        code = f"{stripped}\n    {' ' * marker}^"
    number = error.lineno if type(error.lineno) is int else 0  # student code can put anything there
    return [StackLine(name, number, "", _clip(code))]


def _raised_in(trace: TracebackType | None, submission: Path) -> bool:
    """Whether the innermost frame is student code. torch raises NotImplementedError too, for other reasons."""
    frames = list(traceback.walk_tb(trace))
    return bool(frames) and _inside(frames[-1][0].f_code.co_filename, submission) is not None
