"""Read units that follow a number or are in a table's header, and convert them to the units of facts."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Unit", "unit_behind", "unit_in_header"]


@dataclass(frozen=True)
class Unit:
    """A unit of facts, with the factor from the written unit."""

    name: str
    factor: float = 1.0
    binary: float = 1.0
    """A further factor, in case 1 kB was meant to be 1,024 bytes."""
    end: int = 0
    """The index of the first character behind the unit."""


_WRITTEN: tuple[tuple[str, Unit], ...] = (
    (r"(?:percentage|percent|per cent|%)[\s-]?(?:points?|pts?)|pp(?:ts?)?|p\.p\.|points?|pts", Unit("points")),
    (r"%|percent|per cent|pct", Unit("%")),
    (r"[×xX]|times|folds?", Unit("×")),
    (r"bytes?|B", Unit("B")),
    (r"[kK]B|kilobytes?|[kK]bytes?", Unit("B", 1e3, 1.024)),
    (r"Ki[bB]|kibibytes?", Unit("B", 1024.0)),
    (r"MB|megabytes?|[mM]bytes?", Unit("B", 1e6, 1.024**2)),
    (r"MiB|mebibytes?", Unit("B", 1024.0**2)),
    (r"GB|gigabytes?", Unit("B", 1e9, 1.024**3)),
    (r"GiB", Unit("B", 1024.0**3)),
    (r"milliseconds?|msecs?|ms", Unit("s", 1e-3)),
    (r"microseconds?|[uµμ]s", Unit("s", 1e-6)),
    (r"seconds?|secs?|s", Unit("s")),
    (r"minutes?|mins?|m", Unit("s", 60.0)),
    (r"hours?|hrs?|h", Unit("s", 3600.0)),
    (r"(?:st|nd|rd|th)?[\s-]?epochs?", Unit("epochs")),
    (r"bits?", Unit("bits")),
)
_ONE = "|".join(f"(?P<u{place}>{written})" for place, (written, _) in enumerate(_WRITTEN))
_BEHIND = re.compile(rf"\)?[\s\u202f-]{{0,2}}(?:{_ONE})(?![A-Za-z0-9])")
_IN_HEADER = re.compile(rf"(?:[(\[,/]|\bin)\s{{0,2}}(?:{_ONE})\s{{0,2}}(?:[)\]]|$)")
_WHOLE_HEADER = re.compile(rf"\s*(?:number of )?(?:{_ONE})\s*")
_FACTOR = re.compile(r"\b(?:factor|ratio|times (?:smaller|slower|faster|fewer)|speed-?up)\b", re.IGNORECASE)


def unit_behind(text: str, end: int) -> Unit | None:
    """The unit behind a number that ends at ``end``."""
    match = _BEHIND.match(text, end)
    return _named(match) if match is not None else None


def unit_in_header(header: str) -> Unit | None:
    """The unit of a table's column: "accuracy (%)", "time [s]", "bits"."""
    header = header[:200]
    match = _IN_HEADER.search(header) or _WHOLE_HEADER.fullmatch(header)
    if match is not None:
        return _named(match)
    if "%" in header:
        return Unit("%")
    return Unit("×") if _FACTOR.search(header) else None


def _named(match: re.Match[str]) -> Unit:
    unit = _WRITTEN[int((match.lastgroup or "u0")[1:])][1]
    return Unit(unit.name, unit.factor, unit.binary, match.end())
