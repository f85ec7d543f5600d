"""Late days: the penalty of a late submission, explained in one sentence.

The rules are in ``late.toml`` in the folder of a batch. A submission has one time and one mark. So it has one lateness,
even if several students submitted it:

* the latest extension of any of them counts for all of them;
* a slip day is used only if each of them has one left, and each of them spends it;
* the penalty for the remaining days is the same for all of them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from harness.classroom.roster import Person, RosterEntry
from harness.problem import tomllib
from harness.reports.text import counted, largest_units, points, write_atomically

__all__ = [
    "FILE",
    "LateError",
    "Lateness",
    "Rules",
    "chosen",
    "duration",
    "lateness",
    "load",
    "read",
    "shown_time",
    "strangers",
    "write",
]

FILE = "late.toml"
DAY = timedelta(days=1)
MOST_DAYS = 3650
"""The most days that a rule may name, so that every extension is a valid date."""

Rule = Literal["none", "percent", "points", "deadline"]


class LateError(Exception):
    """The rules can't be used. The text is one sentence that says what to do."""


class _Slip(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table of slip days: days per term that a student may be late without penalty."""

    days: int = 0
    most: int | None = None
    used: dict[str, int] = {}


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file's keys and types."""

    due: Any = None
    zone: str = ""
    grace_minutes: float = 0.0
    rule: Rule = "none"
    per_day: float | None = None
    of: Literal["score", "maximum"] = "score"
    most: float | None = None
    closes_after_days: float | None = None
    slip: _Slip = _Slip()
    extension: dict[str, Any] = {}


@dataclass(frozen=True)
class Rules:
    """The rules for late submissions."""

    due: datetime
    zone: str = ""
    """The name of the time zone in which times are shown. Empty: the due time's own zone."""
    grace: timedelta = timedelta()
    """The delay that still counts as in time. A later submission is late from the due time on."""
    rule: Rule = "none"
    """The cost of each day that has begun: nothing, percent, points, or everything."""
    per_day: float = 0.0
    """The percent or points for each day."""
    of: Literal["score", "maximum"] = "score"
    """The base of percentages: the earned points, or the maximum."""
    most: float | None = None
    """The largest penalty, in percent or in points."""
    closes_after_days: float | None = None
    """The days after which a submission no longer counts."""
    slip_days: int = 0
    """The slip days of each student for the term."""
    slip_most: int | None = None
    """The most slip days that may be used for this problem set."""
    slip_used: Mapping[str, int] = field(default_factory=dict)
    """The slip days that were used before, by SID or address."""
    extensions: Mapping[str, datetime | float] = field(default_factory=dict)
    """Another due time, or a number of additional days, by SID or address."""

    @property
    def where(self) -> tzinfo:
        """The time zone in which times are shown."""
        return ZoneInfo(self.zone) if self.zone else self.due.tzinfo or timezone.utc

    @property
    def said(self) -> str:
        """The rules as one line of text."""
        costs = {
            "none": "being late costs nothing",
            "percent": f"each day costs {self.per_day:g} % of the points{' of all' if self.of == 'maximum' else ''}",
            "points": f"each day costs {_points(self.per_day)}",
            "deadline": "nothing counts later",
        }[self.rule]
        more = [f"{self.grace // timedelta(minutes=1)} minutes of grace"] if self.grace else []
        more += [f"{counted(self.slip_days, 'slip day')} a student"] if self.slip_days else []
        more += [counted(len(self.extensions), "extension")] if self.extensions else []
        return f"Due {shown_time(self.due, self)}: {', '.join([costs, *more])}."


@dataclass(frozen=True)
class Lateness:
    """The lateness of one submission, and its cost."""

    rules: Rules
    due: datetime
    """The submission's due time, with extensions."""
    extended: bool = False
    late_by: timedelta | None = timedelta()
    """The delay; zero if it is in time or within the grace period, None if the time of submission is unknown."""
    within_grace: timedelta = timedelta()
    """The delay that is forgiven."""
    slip: int = 0
    """The slip days that each of its students spends."""
    slip_left: tuple[int, ...] = ()
    """The slip days that each of them has afterwards."""
    days: int = 0
    """The number of days with a penalty."""
    closed: bool = False
    """The submission came too late to count."""

    @property
    def costs(self) -> bool:
        """Whether the lateness has a penalty."""
        return self.closed or (self.days > 0 and self.rules.rule in ("percent", "points"))

    def penalty(self, score: float, maximum: float) -> float:
        """The points that are subtracted from a score, never more than the score."""
        if self.closed:
            return score
        return round(min(self._full_penalty(score, maximum), score), 2)

    def _full_penalty(self, score: float, maximum: float) -> float:
        rules = self.rules
        if rules.rule == "percent":
            return self._rate / 100 * (score if rules.of == "score" else maximum)
        return self._rate if rules.rule == "points" else 0.0

    @property
    def _rate(self) -> float:
        """The percent or points for all days together."""
        most = self.rules.most
        rate = self.days * self.rules.per_day
        return rate if most is None else min(rate, most)

    def explained(self, score: float | None, maximum: float) -> str:
        """The penalty as a sentence without a full stop.

        Args:
            score: the points before the penalty; None while they are not known.
        """
        extension = f", with an extension to {shown_time(self.due, self.rules)}" if self.extended else ""
        if self.late_by is None:
            return "no submission time is known"
        if not self.late_by:
            grace = f"{duration(self.within_grace)} late, which is within the grace" if self.within_grace else ""
            return (grace or "in time") + extension
        steps = [counted(self.slip, "slip day")] if self.slip else []
        if self.closed:
            steps.append("too late to count")
        elif self.costs:
            steps.append(self._cost(score, maximum))
        elif not steps:
            steps.append("no penalty")
        return f"{duration(self.late_by)} late{extension}: {', then '.join(steps)}"

    def _cost(self, score: float | None, maximum: float) -> str:
        rules = self.rules
        rate = f"{self._rate:g} %" if rules.rule == "percent" else _points(self._rate)
        each = f"{counted(self.days, 'day')} at {rules.per_day:g}{' %' if rules.rule == 'percent' else ''}, "
        limit = "at most " if rules.most is not None and self._rate < self.days * rules.per_day else ""
        text = f"{each if self.days > 1 else ''}{limit}{rate}"
        if rules.rule == "points":
            return text
        of = maximum if rules.of == "maximum" else score
        return f"{text} of {'the points' if of is None else _points(of)}"


def lateness(roster_entry: RosterEntry, rules: Rules, people: Sequence[Person] | None = None) -> Lateness:
    """The lateness of a submission.

    Args:
        people: the students for whom it counts; by default all of them.
    """
    people = roster_entry.people if people is None else people
    due = max((_due(person, rules) for person in people), default=rules.due)
    extended = due > rules.due
    left = [max(rules.slip_days - _used(person, rules), 0) for person in people]
    if roster_entry.created_at is None:
        return Lateness(rules, due, extended, None, slip_left=tuple(left))
    by = roster_entry.created_at - due
    if by <= rules.grace:
        return Lateness(rules, due, extended, within_grace=max(by, timedelta()), slip_left=tuple(left))
    days = -(-by // DAY)
    if rules.closes_after_days is not None and by > rules.closes_after_days * DAY:
        return Lateness(rules, due, extended, by, slip_left=tuple(left), closed=True)
    slip = 0 if rules.rule == "none" else min(days, min(left, default=0))
    if rules.slip_most is not None:
        slip = min(slip, rules.slip_most)
    if rules.rule == "deadline" and slip < days:  # a slip day that saves nothing is not used
        return Lateness(rules, due, extended, by, slip_left=tuple(left), closed=True)
    return Lateness(rules, due, extended, by, slip=slip, slip_left=tuple(one - slip for one in left), days=days - slip)


def _due(person: Person, rules: Rules) -> datetime:
    found = [rules.extensions[key] for key in _keys(person) if key in rules.extensions]
    times = [rules.due + one * DAY if isinstance(one, int | float) else one for one in found]
    return max([rules.due, *times])


def _used(person: Person, rules: Rules) -> int:
    return max((rules.slip_used[key] for key in _keys(person) if key in rules.slip_used), default=0)


def _keys(person: Person) -> list[str]:
    return [key for key in (_key(person.sid), _key(person.email)) if key]


def _key(text: str) -> str:
    return text.strip().casefold()


def strangers(rules: Rules, roster_entries: Iterable[RosterEntry]) -> list[str]:
    """The ids in the rules that nobody in a class has, for example because of a typing error."""
    known = {key for roster_entry in roster_entries for person in roster_entry.people for key in _keys(person)}
    return sorted({*rules.extensions, *rules.slip_used} - known)


# ---- the file --------------------------------------------------------------------------------------------------


def load(folder: Path) -> Rules | None:
    """The rules of a batch, or None if it has none.

    Raises:
        LateError: they can't be used.
    """
    return read(folder / FILE) if (folder / FILE).exists() else None


def chosen(folder: Path, due: str | None, zone: str | None, path: Path | None) -> Rules | None:
    """The rules for a command: those of a file or else of the batch, perhaps with another due time.

    Raises:
        LateError: the rules can't be used.
    """
    if path is None and due is None and zone is None:
        return load(folder)
    return read(path or (folder / FILE if (folder / FILE).exists() else None), due, zone)


def read(path: Path | None, due: str | None = None, zone: str | None = None) -> Rules:
    """Read rules from a file.

    Args:
        path: the file. Without one, only the due time is known, and there is no penalty.
        due: replaces the file's due time.
        zone: the name of a time zone; replaces the file's zone.

    Raises:
        LateError: the file can't be read, has an unknown key or value, or there is no due time.
    """
    name = str(path) if path is not None else "--due"
    try:
        found = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8-sig")), _File) if path else _File()
    except OSError as error:
        raise LateError(f"{name} can't be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise LateError(f"{name} is not valid: {str(error).rstrip('.')}.") from None
    if mistake := next(_mistakes(found), ""):
        raise LateError(f"{name} is not valid: {mistake}.")
    zone = found.zone if zone is None else zone
    if zone:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise LateError(f"There is no time zone {zone}: write one as America/New_York.") from None
    wanted = found.due if due is None else due
    if wanted is None:
        raise LateError(f"{name} has no due time: give it with --due 2025-10-03T23:59, or as due in the file.")
    return Rules(
        due=_time(wanted, zone, "--due" if due is not None else "due"),
        zone=zone,
        grace=timedelta(minutes=found.grace_minutes),
        rule=found.rule,
        per_day=found.per_day or 0.0,
        of=found.of,
        most=found.most,
        closes_after_days=found.closes_after_days,
        slip_days=found.slip.days,
        slip_most=found.slip.most,
        slip_used={_key(who): days for who, days in found.slip.used.items()},
        extensions={_key(who): _extension(who, value, zone) for who, value in found.extension.items()},
    )


def _mistakes(found: _File) -> Iterator[str]:
    """The mistakes in a file whose keys and types are right, each as a clause."""
    numbers = {
        "grace_minutes": (found.grace_minutes, MOST_DAYS * 1440),
        "per_day": (found.per_day, 100 if found.rule == "percent" else math.inf),
        "most": (found.most, 100 if found.rule == "percent" else math.inf),
        "closes_after_days": (found.closes_after_days, MOST_DAYS),
        "slip.days": (found.slip.days, MOST_DAYS),
        "slip.most": (found.slip.most, MOST_DAYS),
        **{f"slip.used.{who}": (days, MOST_DAYS) for who, days in found.slip.used.items()},
    }
    for name, (value, most) in numbers.items():
        if value is not None and not (0 <= value <= most and math.isfinite(value)):
            yield f"{name} is {value:g}, and has to be from 0 to {most:g}"
    if found.rule in ("percent", "points") and not found.per_day:
        yield f'the rule "{found.rule}" needs per_day, what a day costs'
    if found.rule in ("none", "deadline") and found.per_day is not None:
        yield f'the rule "{found.rule}" does not use per_day: write rule = "percent" or "points"'


def _extension(who: str, value: object, zone: str) -> datetime | float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not 0 <= value <= MOST_DAYS:
            raise LateError(f"The extension of {who} is {value} days: write a number from 0 to {MOST_DAYS}, or a time.")
        return value
    return _time(value, zone, f"The extension of {who}")


def _time(value: object, zone: str, what: str) -> datetime:
    """A time with its own zone, or else the named zone, or else this machine's zone."""
    if isinstance(value, str) and ":" in value:  # a day alone would be its first minute
        try:
            value = datetime.fromisoformat(value.strip().replace("Z", "+00:00").replace("z", "+00:00"))
        except ValueError:
            raise LateError(f"{what} is {value!r}, which is not a time: write it as 2025-10-03T23:59.") from None
    if not isinstance(value, datetime) or not 2000 <= value.year <= 2200:
        raise LateError(f"{what} is not a time: write it as 2025-10-03T23:59.")
    if value.tzinfo is not None:
        return value
    return value.replace(tzinfo=ZoneInfo(zone)) if zone else value.astimezone()


def write(folder: Path, rules: Rules) -> None:
    """Write the rules into the folder of a batch, for later commands."""
    lines = [f"due = {rules.due.isoformat()}"]
    lines += [f"zone = {_text(rules.zone)}"] if rules.zone else []
    lines += [f"grace_minutes = {rules.grace / timedelta(minutes=1)}"] if rules.grace else []
    lines += [f"rule = {_text(rules.rule)}"]
    lines += [f"per_day = {rules.per_day}", f"of = {_text(rules.of)}"] if rules.per_day else []
    lines += [f"most = {rules.most}"] if rules.most is not None else []
    lines += [f"closes_after_days = {rules.closes_after_days}"] if rules.closes_after_days is not None else []
    lines += ["", "[slip]", f"days = {rules.slip_days}"]
    lines += [f"most = {rules.slip_most}"] if rules.slip_most is not None else []
    lines += ["", "[slip.used]", *(f"{_text(who)} = {days}" for who, days in rules.slip_used.items())]
    lines += ["", "[extension]"]
    lines += [
        f"{_text(who)} = {more.isoformat() if isinstance(more, datetime) else more}"
        for who, more in rules.extensions.items()
    ]
    write_atomically(folder / FILE, "\n".join(lines) + "\n")


def _text(text: str) -> str:
    """A text as a TOML string."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


# ---- words -----------------------------------------------------------------------------------------------------


def shown_time(time: datetime, rules: Rules) -> str:
    """A readable time with its zone: ``Fri 3 Oct 2025, 23:59 (America/New_York, UTC-04:00)``."""
    local = time.astimezone(rules.where)
    offset = local.strftime("%z")
    offset = f"UTC{offset[:3]}:{offset[3:5]}" if local.utcoffset() else "UTC"
    zone = f"{rules.zone}, {offset}" if rules.zone and rules.zone != offset else offset
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M} ({zone})"


def duration(time: timedelta) -> str:
    """The two largest units of a duration, rounded down: ``2 days 3 hours``."""
    return " ".join(largest_units(time))


def _points(value: float) -> str:
    return f"{points(value)} point{'' if value == 1 else 's'}"
