"""The table of events on disk: one SQLite file with one append-only table.

A transaction is on the disk when it ends: SQLite keeps a write-ahead log and calls fsync for every commit. The folder
must be on a local file system, because the log requires it.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import msgspec

from harness.classroom.marking.events import Event, Kind, decode, encode

__all__ = ["EventTable", "MarkError"]

FORMAT = 1
WAIT = 30.0
"""Seconds that a write waits for another process."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL, who TEXT NOT NULL, kind TEXT NOT NULL,
    submission TEXT NOT NULL, question TEXT NOT NULL, old TEXT, new TEXT, reason TEXT NOT NULL
);
CREATE TRIGGER IF NOT EXISTS events_stay BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER IF NOT EXISTS events_remain BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;
CREATE TRIGGER IF NOT EXISTS events_once BEFORE INSERT ON events WHEN NEW.id IN (SELECT id FROM events)
BEGIN SELECT RAISE(ABORT, 'events are never replaced'); END;
"""
COLUMNS = "id, at, who, kind, submission, question, old, new, reason"


class MarkError(Exception):
    """Something can't be saved. The text is one sentence that says what to do."""


class EventTable:
    """A file of events, which is created on first use. Only one thread at a time may use it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection: sqlite3.Connection | None = None

    @property
    def exists(self) -> bool:
        """Whether the file exists, and so has events."""
        return self._connection is not None or self.path.exists()

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def writing(self, lasting: bool = True) -> Iterator[None]:
        """Run one exclusive transaction. An exception undoes all of it.

        Args:
            lasting: whether it must be on the disk at the end. Otherwise it survives a killed process, but may be lost
                if the machine stops before the next lasting transaction.
        """
        connection = self._open()
        try:
            connection.execute(f"PRAGMA synchronous = {'FULL' if lasting else 'NORMAL'}")
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise MarkError(f"Nothing was saved, since {self.path} can't be written ({error}).") from error

    def add(self, event: Event) -> Event:
        """Add an event in the open transaction. Return it with its id."""
        values = (
            *(event.at.isoformat(), event.who, event.kind.value, event.submission, event.question),
            *(encode(event.old), encode(event.new), event.reason),
        )
        places = ", ".join("?" * len(values))
        added = self._open().execute(
            f"INSERT INTO events ({COLUMNS.removeprefix('id, ')}) VALUES ({places})",
            values,
        )
        assert added.lastrowid is not None
        return msgspec.structs.replace(event, id=added.lastrowid)

    def read(self, where: str, values: Mapping[str, object], ordered: bool = True) -> Iterator[Event]:
        """Read the events that satisfy an SQL condition."""
        order = " ORDER BY id" if ordered else ""
        try:
            found = self._open().execute(f"SELECT {COLUMNS} FROM events WHERE {where}{order}", dict(values))
            for row in found.fetchall():
                id, at, who, kind, submission, question, old, new, reason = row
                when = datetime.fromisoformat(at)
                yield Event(id, when, who, Kind(kind), submission, question, decode(old), decode(new), reason)
        except (sqlite3.Error, msgspec.MsgspecError, ValueError) as error:
            raise MarkError(f"{self.path} can't be read ({error}): replace it with a copy that can be read.") from None

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None:
            return self._connection
        try:
            if not self.path.exists():
                os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))  # grades are nobody else's business
            opened = sqlite3.connect(self.path, timeout=WAIT, isolation_level=None, check_same_thread=False)
            _with_log(opened)
            opened.execute("PRAGMA synchronous = FULL")
            (version,) = opened.execute("PRAGMA user_version").fetchone()
            if version > FORMAT:
                raise MarkError(f"{self.path} was written by a newer version of this software: use that one.")
            if version < FORMAT:
                opened.executescript(f"BEGIN IMMEDIATE; {SCHEMA} PRAGMA user_version = {FORMAT}; COMMIT;")
        except (OSError, sqlite3.Error) as error:
            raise MarkError(
                f"{self.path} can't be opened ({error}): replace it with a copy that can be read."
            ) from None
        self._connection = opened
        return opened


def _with_log(connection: sqlite3.Connection) -> None:
    """Switch on the write-ahead log. SQLite itself doesn't wait if another process does the same."""
    end = time.monotonic() + WAIT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)
