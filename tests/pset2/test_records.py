"""The record of a part: its times, and what an old one lacks."""

from __future__ import annotations

import json

import pytest
import torch

from course.experiments.device import environment
from course.records import PartSession, Record, clock_seconds, read, write
from tests.pset2.short_sessions import session


def record(*spans: tuple[str, float], before: float = 0.0) -> Record:
    """A record of sessions that began at these minutes and took so many seconds."""
    sessions = [
        PartSession(f"2026-03-01T12:{minute}:00+00:00", seconds, 2, 1, "a GPU", alone=False)
        for minute, seconds in spans
    ]
    return Record(
        "1.1",
        "Learning rates",
        "full",
        43,
        environment(torch.device("cpu")),
        {},
        seconds=before + sum(one.seconds for one in sessions),
        sessions=sessions,
    )


def test_what_ran_at_the_same_time_counts_once_by_the_clock():
    beside = [record(("00", 120.0)), record(("01", 120.0)), record(("01", 30.0))]
    assert clock_seconds(beside) == pytest.approx(180.0)
    assert sum(one.seconds for one in beside) == 270.0


def test_the_time_between_two_sessions_does_not_count():
    assert clock_seconds([record(("00", 60.0), ("30", 60.0))]) == pytest.approx(120.0)


def test_the_time_of_an_old_record_without_sessions_counts():
    assert clock_seconds([record(before=40.0), record(("00", 60.0), before=5.0)]) == pytest.approx(105.0)


def test_a_date_that_is_none_is_no_error():
    strange = record()
    strange.sessions = [PartSession("yesterday", 7.0, 1, 1, "a GPU", alone=True)]
    strange.seconds = 7.0
    assert clock_seconds([strange]) == 7.0


def test_a_record_that_was_written_before_there_were_sessions_can_be_read(tmp_path):
    one = session(tmp_path, "3.1").run("3.1")
    write(one, tmp_path / "old")
    path = tmp_path / "old/record.json"
    values = json.loads(path.read_text())
    del values["sessions"]
    path.write_text(json.dumps(values))
    assert read(tmp_path / "old").sessions == []
