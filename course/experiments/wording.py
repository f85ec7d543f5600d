"""How the report and the terminal write times, shares and sentences."""

from __future__ import annotations

import math

from course.plotting import number

__all__ = ["duration", "even", "percent", "plain", "sentence"]


def plain(text: str) -> str:
    """Printable characters, line breaks and tabs only: no escape sequence reaches a terminal or a page."""
    return "".join(char if char.isprintable() or char in "\n\t\u00a0" else "�" for char in text)


def sentence(text: str) -> str:
    """With a full stop."""
    return text if text.endswith((".", "!", "?")) else f"{text}."


def percent(share: float) -> str:
    """A share with two decimals: ``92.81 %``."""
    return f"{100 * share:.2f} %"


def even(value: float) -> str:
    """A number with four significant digits, its zeros too, so that columns are even: ``2.000``."""
    return f"{value:#.4g}" if 1e-4 <= abs(value) < 999.95 else number(value)


def duration(seconds: float) -> str:
    """In the units that say something: ``0.42 s``, ``7.3 s``, ``4 min 12 s``, ``2 h 05 min``."""
    if not math.isfinite(seconds):
        return "no number"
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left:02} min" if hours else f"{minutes} min {rest:02} s"
