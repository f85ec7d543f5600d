"""The roster: the submissions and their students, from a folder or from Gradescope's export of an assignment.

Gradescope's export is a folder for each submission and ``submission_metadata.yml``, which has the students and the time
of each. Its keys are Ruby symbols, as ``:submitters``. A batch keeps the roster in ``roster.json``.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import yaml

from harness.base.untrusted import UnreadableError, read_bytes
from harness.reports.text import plain, write_atomically
from harness.submission.required_names import FILES

__all__ = [
    "METADATA",
    "Earlier",
    "Person",
    "Roster",
    "RosterEntry",
    "RosterError",
    "load_roster",
    "read_roster",
    "shown",
    "write_roster",
]

METADATA = "submission_metadata.yml"
KEPT = "roster.json"
"""The name of the roster's file in a batch's folder."""
MOST_BYTES = 256 << 20
"""The most bytes of the roster's file that are read."""
SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".ipynb", ".py")
"""The endings of files that are submissions."""
MAX_NAME = 200
DIGEST = re.compile(r"-[0-9a-f]{16}$")
"""The digest at the end of some ids, which makes them unique. A name that already ends like this gets one as well."""
TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ]+(\d\d:\d\d:\d\d)(?:\.(\d+))? *(Z|UTC|[+-]\d\d:?\d\d)?")
"""A time as Ruby prints it: ``2025-10-01 12:00:00.123456789 Z``, ``… UTC`` or ``… -0400``."""


class RosterError(Exception):
    """The folder has no class. The text is one sentence that says what to do."""


@dataclass(frozen=True)
class Person:
    """A student with the names of the course's other systems."""

    name: str
    sid: str = ""
    email: str = ""


@dataclass(frozen=True)
class Earlier:
    """A submission that a later one has replaced."""

    created_at: datetime | None = None
    score: float | None = None
    """The points that Gradescope showed for it."""


@dataclass(frozen=True)
class RosterEntry:
    """A submission's entry in the roster: one submission of one or several students."""

    id: str
    """The name of the submission's reports, which is unique in a roster."""
    path: Path
    people: tuple[Person, ...]
    created_at: datetime | None = None
    """The time of submission with its zone; None if unknown."""
    history: tuple[Earlier, ...] = ()
    """The earlier submissions that it replaced, in the order of the list."""

    @property
    def name(self) -> str:
        return ", ".join(person.name for person in self.people)


@dataclass(frozen=True)
class Roster:
    """All submissions of a class, sorted by name."""

    entries: tuple[RosterEntry, ...]
    left_out: tuple[str, ...] = ()
    """The names of other entries of the folder, which can't be submissions."""


def read_roster(folder: Path, without: Path | None = None) -> Roster:
    """Read the submissions in a folder: folders, archives, notebooks and modules, one each, or Gradescope's export.

    Args:
        without: a path in the folder that isn't a submission, such as the grades.

    Raises:
        RosterError: there are no submissions.
    """
    if not folder.exists():
        raise RosterError(f"{folder} does not exist: name a folder that holds the submissions.")
    if not folder.is_dir():
        raise RosterError(
            f"{folder} is a file: unpack it and name the folder that holds the submissions, or grade this one with "
            "python -m grader grade."
        )
    try:
        entries = [path for path in sorted(folder.iterdir()) if not path.name.startswith((".", "__MACOSX"))]
    except PermissionError:
        raise RosterError(f"{folder} can't be read: change its permissions.") from None
    if without is not None:
        itself = os.path.realpath(without)  # unlike Path.resolve, it takes a link that leads to itself
        entries = [path for path in entries if os.path.realpath(path) != itself]
    if any(path.name in FILES for path in entries):
        raise RosterError(f"{folder} is one submission: python -m grader grade {folder} grades it.")
    if (folder / METADATA).is_file():
        return _of_gradescope(folder, entries)
    if len(entries) == 1 and (entries[0] / METADATA).is_file():  # what the export's zip unpacks to
        return read_roster(entries[0], without)
    taken = [path for path in entries if path.is_dir() or path.name.lower().endswith(SUFFIXES)]
    if not taken:
        raise RosterError(f"{folder} holds no submissions: they are folders, archives or notebooks, one each.")
    return Roster(
        tuple(RosterEntry(_id(path.name), path, (Person(shown(_stem(path))),)) for path in taken),
        tuple(shown(path.name) for path in entries if path not in taken),
    )


def _of_gradescope(folder: Path, entries: list[Path]) -> Roster:
    try:
        with (folder / METADATA).open(encoding="utf-8") as file:
            listed = yaml.load(file, Loader=_Loader)  # a safe loader: of Ruby's objects it takes the fields
    except (yaml.YAMLError, ValueError, OSError, RecursionError) as error:  # of a date that is none, a ValueError
        said = " ".join(str(error).split())[:200]
        raise RosterError(f"{folder / METADATA} can't be read ({said}): export the submissions again.") from None
    if not isinstance(listed, dict) or not listed:
        raise RosterError(f"{folder / METADATA} lists no submissions: export them again.")
    found = {str(key): about if isinstance(about, dict) else {} for key, about in listed.items()}
    roster_entries = [
        RosterEntry(
            _id(key), folder / _file_name(key), _people(key, about), _time(_of(about, "created_at")), _history(about)
        )
        for key, about in found.items()
    ]
    unlisted = [path for path in entries if path.is_dir() and path.name not in found]
    roster_entries += [RosterEntry(_id(path.name), path, (Person(shown(path.name)),)) for path in unlisted]
    others = [path for path in entries if not path.is_dir() and path.name != METADATA]
    return Roster(tuple(roster_entries), tuple(shown(path.name) for path in others))


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """A loader for plain YAML data, which reads Ruby objects as their fields."""


def _fields(loader: Any, tag: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)


_Loader.add_multi_constructor("!ruby/", _fields)


def _people(key: str, about: dict[str, Any]) -> tuple[Person, ...]:
    people = []
    listed = _of(about, "submitters")
    for one in listed if isinstance(listed, list) else ():
        if isinstance(one, dict):
            name, sid, email = (shown(_of(one, word) or "") for word in ("name", "sid", "email"))
            people.append(Person(name or email or sid or shown(key), sid, email))
    return tuple(people) or (Person(shown(key)),)


def _of(about: dict[str, Any], word: str) -> Any:
    """A field by its name, which is a Ruby symbol or text."""
    return about.get(f":{word}", about.get(word))


def _history(about: dict[str, Any]) -> tuple[Earlier, ...]:
    listed = _of(about, "history")
    found = (one for one in listed if isinstance(one, dict)) if isinstance(listed, list) else ()
    return tuple(Earlier(_time(_of(one, "created_at")), _number(_of(one, "score"))) for one in found)


def _number(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9  # and no NaN
    return float(value) if is_number else None  # type: ignore[arg-type]


def _time(value: object) -> datetime | None:
    """Convert a time from YAML: a time, its text, or the fields of a Ruby time. Without a zone it is UTC."""
    if isinstance(value, dict):  # ActiveSupport::TimeWithZone: "time" is the local one, written as if it were UTC
        return _time(next((value[key] for key in ("utc", ":utc") if key in value), None))
    if isinstance(value, str):
        value = _parsed(value)
    elif isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)
    if not isinstance(value, datetime):
        return None
    try:
        return (value if value.tzinfo else value.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    except (ValueError, OverflowError):  # in the year 1, or 9999
        return None


def _parsed(text: str) -> datetime | None:
    found = TIME.fullmatch(text.strip())
    if found is None:
        return None
    day, clock, fraction, zone = found.groups(default="")
    zone = {"Z": "+00:00", "UTC": "+00:00", "": "+00:00"}.get(zone, zone)
    zone = zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
    try:
        return datetime.fromisoformat(f"{day}T{clock}.{fraction[:6]:0<6}{zone}")
    except ValueError:
        return None


# ---- what a batch keeps ----------------------------------------------------------------------------------------


def write_roster(folder: Path, roster_entries: Sequence[RosterEntry]) -> None:
    """Write a roster into the folder of a batch."""
    kept = [
        {
            "id": one.id,
            "path": str(one.path.absolute()),
            "people": [{"name": who.name, "sid": who.sid, "email": who.email} for who in one.people],
            "created_at": one.created_at.isoformat() if one.created_at else None,
            "history": [
                {"created_at": past.created_at.isoformat() if past.created_at else None, "score": past.score}
                for past in one.history
            ],
        }
        for one in roster_entries
    ]
    write_atomically(folder / KEPT, json.dumps(kept, indent=1) + "\n")  # in ASCII, so that any file name is kept


def load_roster(folder: Path) -> tuple[RosterEntry, ...]:
    """Read the roster of a batch.

    Raises:
        RosterError: the roster is missing, or can't be read.
    """
    if not folder.is_dir():
        raise RosterError(f"{folder} is not a folder: name the folder that python -m grader batch has written.")
    if not (folder / KEPT).exists():
        raise RosterError(
            f"{folder} has no {KEPT}: name the folder that python -m grader batch has written, or run batch again with "
            "--resume, which writes it."
        )
    try:
        kept = json.loads(read_bytes(folder / KEPT, MOST_BYTES))
        return tuple(
            RosterEntry(
                one["id"],
                Path(one["path"]),
                tuple(Person(**who) for who in one["people"]),
                _time(one["created_at"]),
                tuple(Earlier(_time(past["created_at"]), past["score"]) for past in one["history"]),
            )
            for one in kept
        )
    except (UnreadableError, ValueError, TypeError, KeyError):
        raise RosterError(
            f"{folder / KEPT} can't be read: python -m grader batch with --resume writes it again."
        ) from None


def shown(text: object) -> str:
    """A name for tables: one line of printable characters."""
    line = " ".join(plain(str(text)).split())
    return line if len(line) <= MAX_NAME else f"{line[: MAX_NAME - 1]}…"


def _stem(path: Path) -> str:
    """A submission's name without the ending of archives and other files."""
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        if not path.is_dir() and path.name.lower().endswith(suffix):
            return path.name[: -len(suffix)] or path.name
    return path.name


def _file_name(key: str) -> str:
    """The folder name for a key of the metadata. It can't lead to another folder."""
    is_name = key not in ("", ".", "..") and not re.search(r"[/\\\0\ud800-\udfff]", key) and len(key.encode()) < 256
    return key if is_name else f"no folder can be called {_id(key)}"


def _id(name: str) -> str:
    """A name that is valid in every file system and URL. Different names stay different, even if chosen to collide."""
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", name)[:80]
    if safe == name and not safe.startswith((".", "-")) and not DIGEST.search(name):
        return safe
    return f"{safe.lstrip('.-')}-{hashlib.sha256(name.encode(errors='surrogatepass')).hexdigest()[:16]}"
