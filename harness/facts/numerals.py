"""Find numbers with units in prose: ``71.3 %``, ``$10^{-4}$``, ``3.9 times``, ``27 KiB``, ``12 min 30 s``, ``70–75 %``.

Numbers of parts, figures, layers and years don't count, and neither do names such as ResNet-18.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice

from harness.facts.prose import Plain, plain
from harness.facts.tables import cell_at, cells
from harness.facts.units import Unit, unit_behind, unit_in_header
from harness.problem import problem

__all__ = ["Number", "numbers_in", "read"]

#: The most numbers that are read from one text.
MAX_NUMBERS = 500


@dataclass(frozen=True)
class Number:
    """A number in a text, in one of the units of facts: minutes are seconds here, and kilobytes are bytes."""

    start: int
    """Its first character in the text."""
    end: int
    """The first character behind it and its unit."""
    value: float
    unit: str
    """``%``, ``points``, ``×``, ``s``, ``B``, ``epochs``, ``bits``, or empty."""
    low: float
    """The smallest value that it can stand for: as it was rounded, as a range or a bound begins."""
    high: float
    """The largest one."""
    digit: float = 0.0
    """One unit of the last digit that was written; 0 for exact numbers."""
    binary: float = 1.0
    """The factor by which it is larger if 1 kB was meant to be 1,024 bytes."""
    spread: bool = False
    """The number follows a ±."""
    vague: bool = False
    """The number follows a word such as "about", or is a range or a bound."""


@dataclass(frozen=True)
class Found:
    """A number and its place in the plain text."""

    start: int
    end: int
    number: Number


# ---- shapes of numbers ---------------------------------------------------------------------------------------------

_THIN = "\u202f"
_DIGITS = (
    r"(?:[0-9]{1,3}(?:,[0-9]{3}){1,6}(?![0-9])(?:\.[0-9]{1,15})?"
    rf"|[0-9]{{1,3}}(?:{_THIN}[0-9]{{3}}){{1,6}}(?![0-9])(?:\.[0-9]{{1,15}})?"
    r"|[0-9]{1,3}(?: [0-9]{3}){1,4}(?= (?:trainable |learnable )?(?:param|weight|byte|B\b|image|zero))"
    r"|[0-9]{1,3}(?:\.[0-9]{3}){2,6}(?![0-9])"
    r"|[0-9]{1,3}(?:_[0-9]{3}){1,6}(?![0-9])"
    r"|[0-9]{1,20}(?:[.,][0-9]{1,20})?"
    r"|\.[0-9]{1,20})"
)
_POWER = r"(?:[eE][-+]?[0-9]{1,3}(?![0-9A-Za-z])|\s?[×·x]\s?10\^\(?[-+]?[0-9]{1,3}\)?|\^\(?[-+]?[0-9]{1,3}\)?)?"
_MANY = r"(?:\s?(?:k|K|M|thousand|million|mio|billion)(?![A-Za-z/]))?"
_NUMBER = re.compile(
    rf"(?<![\w^])(?<![A-Za-z]-)(?<![0-9][.,:])(?P<sign>(?<![^\s(\[=~≈±$|:<>≥≤])[-+])?"
    rf"(?P<digits>{_DIGITS})(?P<power>{_POWER})(?P<many>{_MANY})(?![0-9])(?!\.[0-9])"
)
_FACTORS = {"k": 1e3, "K": 1e3, "thousand": 1e3, "M": 1e6, "million": 1e6, "mio": 1e6, "billion": 1e9}
_FRACTION = re.compile(r"(?<![\w.,/^-])(?P<over>[0-9]{1,6})\s?/\s?(?P<under>[1-9][0-9]{0,6})(?![\w/^]|[.,][0-9])")
_CLOCK = re.compile(
    r"(?<![\w:.])(?P<first>[0-9]{1,3}):(?P<second>[0-5][0-9])(?::(?P<third>[0-5][0-9]))?(?![:\w])"
    r"(?:\s?(?P<unit>h|hrs?|hours?|min|mins|minutes?|m|s)(?![A-Za-z]))?"
)
_PRODUCT_BEHIND = re.compile(r"\s?[×xX·]\s?[0-9]")
_PRODUCT_BEFORE = re.compile(r"(?:[0-9A-Za-z][×xX]|[0-9A-Z]\s?[×xX·]\s?)$")
_LIST = re.compile(r"(?<![\w.,])[0-9]{1,20}(?:,[0-9]{1,20}){2,200}(?![\w,])")
_GROUPED = re.compile(
    r"[1-9][0-9]{0,2}(?:(?:,[0-9]{3})+|(?:_[0-9]{3})+|(?:\u202f[0-9]{3})+|(?: [0-9]{3})+)(?:\.[0-9]+)?"
    r"|[1-9][0-9]{0,2}(?:\.[0-9]{3}){2,}"
)
_ONE_COMMA = re.compile(r"[1-9][0-9]{1,2},[0-9]{3}")

# ---- words before a number -----------------------------------------------------------------------------------------

_BEFORE = 60
_EPOCH = re.compile(r"\bepochs?\s{0,2}(?:number|no\.|#|=|of)?\s{0,2}$", re.IGNORECASE)
_FACTOR = re.compile(
    r"\b(?:factors?|ratios?|speed-?ups?|times)(?: (?:of|is|was|about|around|roughly|approximately|nearly|almost|only))*"
    r"\s?[:=≈~]?\s?$|[×]\s?$",
    re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"(?:\b(?:part|section|sect?\.|question|problem|pset|exercise|task|figures?|figs?\.?|tables?|eqs?\.?|equations?|"
    r"listings?|chapters?|pages?|layers?|conv(?:olution)?s?|blocks?|steps?|seeds?|versions?|python|pytorch|torch|cuda|"
    r"numpy|lecture|week|cells?|points? no\.|items?|stages?|phases?|runs?|trials?"
    r"|(?-i:[A-Z]{4,}|[A-Z][a-z]+[A-Z]\w*))"
    r"\.?\s?|§\s?|#|\bv)(?:\(?[0-9.]{1,6}\)?(?:\s?(?:,|-|–|and|or|to|&)\s?){1,2}){0,6}\(?$",
    re.IGNORECASE,
)
_IS = re.compile(
    r"(?:\b(?:is|was|are|about|only|(?:factor|loss|ratio|rate|mean|deviation|error|speed-?up)(?: of)?|std\.?|sd)"
    r"|[=≈~:±])\s?$",
    re.IGNORECASE,
)
_COUNTED_THINGS = re.compile(r"\s?(?:param|weight|image|byte|zero|step|word|token)")
_ABOUT = re.compile(
    r"(?:\b(?:about|around|roughly|approximately|approx\.?|circa|ca\.?|nearly|almost|close to|near|some"
    r"|(?:just|slightly|a little) (?:over|under|above|below|more than|less than))|[~≈])\s{0,2}[-+]?$",
    re.IGNORECASE,
)
_ABOVE = re.compile(
    r"(?:\b(?:over|above|more than|greater than|at least|larger than|exceed(?:s|ed|ing)?|beyond|upwards of)|[>≥])\s?$",
    re.IGNORECASE,
)
_BELOW = re.compile(
    r"(?:\b(?:below|under|less than|at most|up to|fewer than|smaller than|no more than)|[<≤])\s?$", re.IGNORECASE
)
_BETWEEN = re.compile(r"\bbetween\s$", re.IGNORECASE)
_YEARS = range(1950, 2040)
_DATE = re.compile(r"(?<![\d-])[12][0-9]{3}-[0-9]{2}-[0-9]{2}(?![\d-])")
_MARKER = re.compile(r"^(?:\s{0,8}[-+]\s)?\s{0,8}\(?$")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s{0,4}(?:part\s)?$", re.IGNORECASE)
_JOIN = re.compile(r"(?:,?\s?(?:and|or|to|vs\.?|versus|then|→|->|&)\s|,\s|\s?[/;→]\s?|\s->\s)")
_DASH = re.compile(r"\s?(?:–|-{1,2})\s?")


def numbers_in(text: str) -> list[Number]:
    """The numbers in untrusted Markdown with their units, in their order. The text is read in linear time."""
    return [one.number for one in read(text)[1]]


def read(text: str) -> tuple[Plain, list[Found]]:
    """The plain text, and the numbers in it."""
    clean = plain(text)
    found = list(_found(clean.text))
    found = _with_headers(clean.text, found)
    found = _with_units_of_lists(clean.text, found)
    found = _with_spreads(clean.text, found)
    found = _with_ranges(clean.text, found)
    found = _with_parts_of_times(clean.text, found)
    found = [_softened(clean.text, one) for one in found]
    placed = []
    for one in found[:MAX_NUMBERS]:
        start, end = clean.place(one.start, one.end)
        placed.append(replace(one, number=replace(one.number, start=start, end=end)))
    return clean, placed


# ---- one number ----------------------------------------------------------------------------------------------------


def _found(text: str) -> Iterator[Found]:
    taken: list[tuple[int, int]] = [match.span() for match in _DATE.finditer(text)]
    taken += [match.span() for match in _LIST.finditer(text) if not _GROUPED.fullmatch(match[0])]
    special: list[Found] = []
    for match in _CLOCK.finditer(text):
        taken.append(match.span())
        special += _clock(match)
    for match in _FRACTION.finditer(text):
        taken.append(match.span())
        value = int(match["over"]) / int(match["under"])
        special.append(Found(*match.span(), _number(value, 0.02 * value)))
    matches = islice(_NUMBER.finditer(text), MAX_NUMBERS)
    plain_numbers = [one for match in matches if (one := _counted(text, match)) is not None]
    covered = bytearray(len(text) + 1)
    for start, end in taken:
        covered[start:end] = b"\1" * (end - start)
    yield from sorted([*special, *(one for one in plain_numbers if not covered[one.start])], key=lambda one: one.start)


def _number(value: float, digit: float, unit: str = "", binary: float = 1.0) -> Number:
    return Number(0, 0, value, unit, value - digit / 2, value + digit / 2, digit, binary)


def _in_unit(found: Found, unit: Unit) -> Found:
    number = found.number
    digit = number.digit * unit.factor
    if unit.name == "s" and digit == 3600:
        digit /= 3  # nobody who says 1 hour has measured 89 minutes
    scaled = _number(number.value * unit.factor, digit, unit.name, unit.binary)
    return replace(found, number=scaled)


def _clock(match: re.Match[str]) -> Iterator[Found]:
    first, second, third, unit = match["first"], match["second"], match["third"], match["unit"] or ""
    if third is not None:
        yield Found(*match.span(), _number(3600 * int(first) + 60 * int(second) + int(third), 1, "s"))
    elif unit.startswith("m"):
        yield Found(*match.span(), _number(60 * int(first) + int(second), 1, "s"))
    elif unit.startswith("h"):
        yield Found(*match.span(), _number(3600 * int(first) + 60 * int(second), 60, "s"))


def _counted(text: str, match: re.Match[str]) -> Found | None:
    """A plain number with its unit, or None if it only looks like one."""
    start, end = match.span()
    before = text[max(0, start - _BEFORE) : start]
    value, digit = _value(match)
    unit = unit_behind(text, end)
    digits = match["digits"]
    if unit is not None and unit.name in ("%", "points") and _ONE_COMMA.fullmatch(digits):
        value, digit = float(digits.replace(",", ".")), 0.001  # 71,345 %
    if not math.isfinite(value) or _is_shape(before, text[end : end + 5]):
        return None
    if unit is None:
        if text[end : end + 1].isalpha() or text[end : end + 1] == "_":
            return None  # 2D, 3rd, 1x1
        if _EPOCH.search(before):
            unit = Unit("epochs")
        elif _FACTOR.search(before):
            unit = Unit("×")
    if (unit is None or unit.name in ("bits", "epochs")) and _is_reference(text, match, before, unit):
        return None
    found = Found(start, end, _number(value, digit))
    if unit is not None:
        found = _in_unit(replace(found, end=max(end, unit.end)), unit)
    return found


def _value(match: re.Match[str]) -> tuple[float, float]:
    """The value, and one unit of its last digit."""
    digits, power = match["digits"], match["power"].replace(" ", "")
    if _GROUPED.fullmatch(digits):
        digits = re.sub(r"[,_ \u202f]", "", digits) if "." not in digits or "," in digits else digits
        digits = digits.replace(".", "") if digits.count(".") > 1 else digits
    else:
        digits = digits.replace(",", ".")
    value, digit = float(digits), 10.0 ** -len(digits.partition(".")[2])
    if power.startswith("^"):
        value, digit = (_power_of_ten(power), 0.0) if value == 10 else (math.nan, 0.0)
    elif power:
        scale = _power_of_ten(power)
        value, digit = value * scale, digit * scale
    factor = _FACTORS.get(match["many"].strip().strip("\u202f"), 1.0)
    sign = -1 if match["sign"] == "-" else 1
    return sign * value * factor, digit * factor


def _power_of_ten(power: str) -> float:
    exponent = int(re.search(r"[-+]?[0-9]{1,3}\)?$", power)[0].rstrip(")"))  # type: ignore[index]
    return 10.0**exponent if -300 < exponent < 300 else math.nan


def _is_shape(before: str, behind: str) -> bool:
    """Whether it is a size such as 3×3 or 32 x 32, or a product."""
    return bool(_PRODUCT_BEHIND.match(behind) or _PRODUCT_BEFORE.search(before))


def _is_reference(text: str, match: re.Match[str], before: str, unit: Unit | None) -> bool:
    """Whether a number without a unit names something: a figure, a part, a year, a place in a list."""
    digits, behind = match["digits"], text[match.end() : match.end() + 12]
    line = before.rpartition("\n")[2]
    if unit is None and match[0] in _parts() and not _IS.search(before):
        return True
    if unit is None and _HEADING.match(line):
        return True
    if len(digits) <= 2 and _MARKER.match(line) and behind[:2] in (". ", ") "):
        return True
    if before.endswith("[") and behind.startswith("]"):
        return True
    if unit is None and len(digits) == 4 and digits.isdigit() and int(digits) in _YEARS:
        return not before.rstrip().endswith("=") and not _COUNTED_THINGS.match(behind)
    return _REFERENCE.search(before) is not None


@cache
def _parts() -> frozenset[str]:
    return frozenset(part.number for part in problem().part)


# ---- numbers beside each other -------------------------------------------------------------------------------------


def _with_headers(text: str, found: list[Found]) -> list[Found]:
    """Numbers in a table have the unit of their column's header."""
    table = cells(text)
    known: list[Found] = []
    for one in found:
        cell = cell_at(table, one.start) if not one.number.unit else None
        unit = unit_in_header(cell.header) if cell is not None else None
        known.append(_in_unit(one, unit) if unit is not None else one)
    return known


def _with_units_of_lists(text: str, found: list[Found]) -> list[Found]:
    """In "71.3, 70.2 and 69.9 %" all have the unit of the last; in "epochs 25, 50 and 75" that of the first."""
    found = list(found)
    ends_in_and = False
    for place in range(len(found) - 2, -1, -1):
        one, following = found[place], found[place + 1]
        between = text[one.end : following.start]
        if not _JOIN.fullmatch(between):
            ends_in_and = False
            continue
        ends_in_and = ends_in_and or between.strip() != ","
        unit = following.number.unit
        if not one.number.unit and unit and ends_in_and and _alike(one, following):
            factor = following.number.digit / _digit(text, following)
            found[place] = _in_unit(one, Unit(unit, factor, following.number.binary))
    for place in range(1, len(found)):
        one, before = found[place], found[place - 1]
        if before.number.unit == "epochs" and not one.number.unit and _JOIN.fullmatch(text[before.end : one.start]):
            found[place] = _in_unit(one, Unit("epochs"))
    return found


def _digit(text: str, found: Found) -> float:
    """The last digit's unit before the number's own unit was applied."""
    match = _NUMBER.match(text, found.start)
    digit = _value(match)[1] if match is not None else 0.0
    return digit or found.number.digit or 1.0


def _alike(one: Found, other: Found) -> bool:
    """Whether two written numbers are of the same size: 0.1 and 71 are not in one list."""
    small, large = sorted((abs(one.number.value), abs(other.number.value) or 1.0))
    return large <= 20 * small or other.number.unit in ("s", "B")


def _with_spreads(text: str, found: list[Found]) -> list[Found]:
    """In "65.3 ± 1.2 %" both are percentages, and the second is a spread."""
    found = list(found)
    for place in range(1, len(found)):
        one, spread = found[place - 1], found[place]
        if text[one.end : spread.start].strip() != "±":
            continue
        for here, other in ((place - 1, spread), (place, one)):
            if not found[here].number.unit and other.number.unit in ("%", "points", "×", "s"):
                factor = other.number.digit / _digit(text, other)
                found[here] = _in_unit(found[here], Unit(other.number.unit, factor))
        found[place] = replace(found[place], number=replace(found[place].number, spread=True))
    return found


def _with_ranges(text: str, found: list[Found]) -> list[Found]:
    """In "70–75 %" and "between 70 and 75 %" two numbers are one."""
    known: list[Found] = []
    for one in found:
        if known and _is_range(text, known[-1], one):
            first = known.pop()
            if not first.number.unit and one.number.unit:
                factor = one.number.digit / _digit(text, one)
                first = _in_unit(first, Unit(one.number.unit, factor, one.number.binary))
            low, high = first.number, one.number
            middle = replace(high, value=(low.value + high.value) / 2, low=low.low, high=high.high, vague=True)
            known.append(Found(first.start, one.end, middle))
        else:
            known.append(one)
    return known


def _is_range(text: str, first: Found, second: Found) -> bool:
    between = text[first.end : second.start]
    low, high = first.number, second.number
    if low.vague or high.spread or low.unit not in ("", high.unit) or high.unit in ("bits", "epochs"):
        return False
    before = text[max(0, first.start - 10) : first.start]
    joined = _DASH.fullmatch(between) or (_BETWEEN.search(before) and between == " and ")
    return bool(joined) and (bool(high.unit) or "." in text[first.start : first.end]) and _alike(first, second)


def _with_parts_of_times(text: str, found: list[Found]) -> list[Found]:
    """In "12 min 30 s" two numbers are one."""
    known: list[Found] = []
    for one in found:
        last = known[-1] if known else None
        if (
            last is not None
            and last.number.unit == one.number.unit == "s"
            and not (last.number.vague or one.number.vague)
            and last.number.digit in (60.0, 1200.0)
            and one.number.value < 3 * last.number.digit
            and text[last.end : one.start].strip() in ("", "and")
        ):
            both = _number(last.number.value + one.number.value, one.number.digit, "s")
            known[-1] = Found(last.start, one.end, both)
        else:
            known.append(one)
    return known


def _softened(text: str, found: Found) -> Found:
    """A number behind "about", "over" or "less than" stands for more values than its digits say."""
    number, before = found.number, text[max(0, found.start - _BEFORE) : found.start]
    if number.vague or number.spread:
        return found
    if _ABOVE.search(before):
        return replace(found, number=replace(number, high=math.inf, vague=True))
    if _BELOW.search(before):
        return replace(found, number=replace(number, low=-math.inf, vague=True))
    if _ABOUT.search(before):
        reach = max(number.digit / 2, min(max(number.digit, _last_significant(number) / 2), abs(number.value) / 10))
        return replace(found, number=replace(number, low=number.value - reach, high=number.value + reach, vague=True))
    return found


def _last_significant(number: Number) -> float:
    """One unit of the last digit that is not 0: 10 for 70, 1000 for 27000."""
    place = number.digit
    while (
        place
        and place * 10 <= abs(number.value)
        and math.isclose(number.value / (place * 10), round(number.value / (place * 10)), rel_tol=1e-9)
    ):
        place *= 10
    return place
