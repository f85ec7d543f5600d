"""Make text of student code harmless and short enough for a report."""

from __future__ import annotations

import os
import tempfile
from datetime import timedelta
from pathlib import Path

__all__ = ["body", "counted", "cut", "largest_units", "last_line", "plain", "points", "unwritable", "write_atomically"]


MAX_MESSAGE = 100_000
"""The most characters of a message, applied before each character is examined."""


def plain(text: str) -> str:
    """Keep printable characters, line breaks and tabs only, so that no escape sequence reaches a terminal or a page."""
    return "".join(char if char.isprintable() or char in "\n\t" else "�" for char in text)


def cut(text: str, limit: int) -> str:
    """Cut a text to ``limit`` characters. The end says how many are left out."""
    if len(text) <= limit:
        return text
    note = f"\n… ({len(text):,} characters in all, the rest is left out)"
    return text[: limit - len(note)] + note


def counted(number: int, noun: str) -> str:
    """A number with its noun, in the singular or the plural: ``1 day``, ``2 days``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def largest_units(span: timedelta) -> list[str]:
    """The two largest units of a time span, rounded down: ``["2 days", "3 hours"]``."""
    minutes = span // timedelta(minutes=1)
    counts = {"day": minutes // 1440, "hour": minutes // 60 % 24, "minute": minutes % 60}
    return [counted(count, unit) for unit, count in counts.items() if count][:2] or ["less than a minute"]


def body(message: str, printed: str, printed_limit: int = 2000) -> str:
    """A test's message, followed by what student code printed."""
    text = plain(cut(message, MAX_MESSAGE))
    if printed.strip():
        text += "\n\nYour code printed:\n" + plain(cut(printed.rstrip(), printed_limit))
    return text.lstrip("\n")


def last_line(fault: str) -> str:
    """The last line of a fault's traceback: the exception's type and text."""
    return cut(plain(fault.strip().rpartition("\n")[2]), 300)


def points(value: float) -> str:
    """Format points, as ``3`` or ``1.5``."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def unwritable(path: Path) -> str | None:
    """One sentence on why a report can't be written to this path, or None."""
    path = path.absolute()
    if path.is_dir():
        return f"The report can't be written: {path} is a folder; name a file."
    if not path.parent.is_dir():
        return f"The report can't be written: {path.parent} is not a folder."
    if not os.access(path.parent, os.W_OK):
        return f"The report can't be written: {path.parent} is not writable."
    return None


def write_atomically(path: Path, text: str) -> None:
    """Replace a file atomically, so that neither a reader nor a killed run leaves half of it."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
