"""Describe Gradescope's metadata of a submission. This changes no points.

Source: Gradescope's autograder specifications, "Submission Metadata".
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from harness.base.untrusted import UnreadableError, read_bytes
from harness.reports.text import counted, cut, largest_units, plain, points

__all__ = ["describe", "read", "submitters"]

MAX_BYTES = 64 << 20
"""The most bytes of the metadata. They include earlier results."""


def read(path: Path) -> dict[str, Any]:
    """Read the metadata. They are empty if the file is missing or can't be read."""
    try:
        found = json.loads(read_bytes(path, MAX_BYTES))
    except (UnreadableError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def submitters(metadata: dict[str, Any]) -> str:
    """The names of the students who submitted; empty if none are given."""
    users = metadata.get("users")
    names = [str(user["name"]) for user in users if isinstance(user, dict) and user.get("name")] if users else []
    return cut(plain(", ".join(names)), 200)


def describe(metadata: dict[str, Any]) -> list[str]:
    """Lines for the top of the report: the time of submission, and the scores of earlier submissions."""
    return [*_time(metadata), *_earlier(metadata)]


def _time(metadata: dict[str, Any]) -> Iterator[str]:
    handed_in = _moment(metadata.get("created_at"))
    if handed_in is None:
        return
    text = f"Handed in on {handed_in:%Y-%m-%d} at {handed_in:%H:%M}"
    due = _moment(_due_date(metadata))
    if due is not None and (due.tzinfo is None) == (handed_in.tzinfo is None):
        late = handed_in - due
        text += (
            f", {' and '.join(largest_units(abs(late)))} {'after' if late > timedelta(0) else 'before'} the due date"
        )
    yield f"{text}."


def _due_date(metadata: dict[str, Any]) -> Any:
    """The due date of the students with their extensions, or else the assignment's due date."""
    users, assignment = metadata.get("users"), metadata.get("assignment")
    for holder in (*(users if isinstance(users, list) else ()), assignment):
        if isinstance(holder, dict):
            own = holder.get("assignment") if isinstance(holder.get("assignment"), dict) else holder
            if isinstance(own, dict) and own.get("due_date"):
                return own["due_date"]
    return None


def _earlier(metadata: dict[str, Any]) -> Iterator[str]:
    earlier = metadata.get("previous_submissions")
    if not isinstance(earlier, list) or not earlier:
        return
    scores = []
    for one in earlier:
        score = one.get("score") if isinstance(one, dict) else None
        try:
            scores.append(float(score))  # type: ignore[arg-type]
        except (TypeError, ValueError):
            continue
    count = counted(len(earlier), "earlier submission")
    best = f"; the best of them had {points(max(scores))} points" if scores else ""
    yield f"{count}{best}."


def _moment(text: Any) -> datetime | None:
    """Parse a time in ISO 8601, as Gradescope writes it."""
    if not isinstance(text, str):
        return None
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
