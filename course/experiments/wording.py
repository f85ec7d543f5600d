"""The format of times, shares and sentences in the report and on the terminal."""

from __future__ import annotations

import math

from course.plotting import number

__all__ = ["duration", "even", "percent", "plain", "sentence"]


def plain(text: str) -> str:
    """Replace control characters, so that no escape sequence reaches a terminal or a page."""
    return "".join(char if char.isprintable() or char in "\n\t\u00a0" else "�" for char in text)


def sentence(text: str) -> str:
    """Add a full stop unless the text ends with a punctuation mark."""
    return text if text.endswith((".", "!", "?")) else f"{text}."


def percent(share: float) -> str:
    """Format a share as a percentage with two decimals: ``92.81 %``."""
    return f"{100 * share:.2f} %"


def even(value: float) -> str:
    """Format a number with four significant digits and trailing zeros, to align columns: ``2.000``."""
    return f"{value:#.4g}" if 1e-4 <= abs(value) < 999.95 else number(value)


def duration(seconds: float) -> str:
    """Format a time in suitable units: ``0.42 s``, ``7.3 s``, ``4 min 12 s``, ``2 h 05 min``."""
    if not math.isfinite(seconds):
        return "no number"
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left:02} min" if hours else f"{minutes} min {rest:02} s"
