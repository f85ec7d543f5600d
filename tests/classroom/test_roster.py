"""When something was handed in, as Gradescope's export says it, and the roster that a batch keeps."""

from __future__ import annotations

import os
import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest

from harness.classroom.roster import Earlier, Person, RosterEntry, RosterError, load_roster, read_roster, write_roster

NOON = datetime(2025, 10, 1, 12, 0, 0, tzinfo=timezone.utc)


def read_one(folder: Path, time: str) -> RosterEntry:
    """The only submission of an export in which ``:created_at`` is written like this."""
    (folder / "submission_metadata.yml").write_text(
        f"submission_1:\n  :submitters:\n  - :name: Ada\n  :created_at: {time}\n", encoding="utf-8"
    )
    return read_roster(folder).entries[0]


@pytest.mark.parametrize(
    "time",
    [
        "2025-10-01 12:00:00.000000000 Z",
        "2025-10-01T08:00:00-04:00",
        "'2025-10-01 08:00:00 -0400'",
        "'2025-10-01 12:00:00 UTC'",
        "2025-10-01 12:00:00",
        "!ruby/object:Time 2025-10-01 12:00:00.000000000 Z",
        "!ruby/object:ActiveSupport::TimeWithZone\n"
        "    utc: 2025-10-01 12:00:00.000000000 Z\n"
        "    zone: !ruby/object:ActiveSupport::TimeZone\n      name: America/New_York\n"
        "    time: 2025-10-01 08:00:00.000000000 Z",
    ],
)
def test_each_way_of_writing_a_time_is_read(tmp_path, time):
    assert read_one(tmp_path, time).created_at == NOON


@pytest.mark.parametrize(
    "time", ["", "yesterday", "17", "[1, 2]", "{}", "'2025-13-01 12:00:00 Z'", "0001-01-01 00:00:00 +14:00"]
)
def test_what_is_no_time_is_none(tmp_path, time):
    assert read_one(tmp_path, time).created_at is None


def test_a_time_that_yaml_refuses_is_a_sentence(tmp_path):
    with pytest.raises(RosterError, match=r"can't be read.*export the submissions again"):
        read_one(tmp_path, "2025-13-45 12:00:00")


def test_earlier_submissions_are_read(tmp_path):
    (tmp_path / "submission_metadata.yml").write_text(
        "submission_1:\n"
        "  :submitters:\n  - :name: Ada\n"
        "  :created_at: 2025-10-01 12:00:00.000000000 Z\n"
        "  :history:\n"
        "  - :id: 7\n    :created_at: 2025-09-30 12:00:00.000000000 Z\n    :score: 12.5\n"
        "  - :id: 8\n    :created_at:\n    :score: .nan\n"
        "  - nobody\n",
        encoding="utf-8",
    )
    (one,) = read_roster(tmp_path).entries
    assert one.history == (Earlier(NOON.replace(month=9, day=30), 12.5), Earlier())


def test_a_roster_is_kept_as_it_is(tmp_path):
    roster_entries = (
        RosterEntry("a", (tmp_path / "a").absolute(), (Person("Ada", "0815", "ada@example.edu"), Person("أمل")), NOON),
        RosterEntry("b", (tmp_path / "b").absolute(), (Person("Zoë"),), history=(Earlier(NOON, 1.5), Earlier())),
    )
    write_roster(tmp_path, roster_entries)
    assert load_roster(tmp_path) == roster_entries


@pytest.mark.skipif(sys.platform != "linux", reason="file names are text elsewhere")
def test_a_file_name_that_is_no_text_is_kept(tmp_path):
    path = tmp_path / os.fsdecode(b"ad\xe4.zip")
    write_roster(tmp_path, [RosterEntry("a", path, (Person("Ada"),))])
    assert load_roster(tmp_path)[0].path == path


def test_a_folder_without_a_roster_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(RosterError, match=r"has no roster\.json: .*batch.*--resume"):
        load_roster(tmp_path)
    with pytest.raises(RosterError, match="is not a folder"):
        load_roster(tmp_path / "nowhere")


@pytest.mark.parametrize("text", ["", "{", "[1]", "{}x", '[{"id": "a"}]', '[{"id": "a", "path": 1, "people": []}]'])
def test_a_damaged_roster_is_refused_in_a_sentence(tmp_path, text):
    (tmp_path / "roster.json").write_text(text)
    with pytest.raises(RosterError, match="can't be read"):
        load_roster(tmp_path)
