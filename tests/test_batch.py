"""A class at once: who handed in what, the table of grades, the class page, and batches that stop and go on."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
import yaml

from harness.catalog import read_suites
from harness.classroom import cli as batch_cli
from harness.classroom import digests, page, tables
from harness.classroom.batch_task import Task, grade_one
from harness.classroom.journal import Entry, Header, Journal, JournalError, Status
from harness.classroom.roster import Person, RosterEntry, RosterError, read_roster
from harness.classroom.totals import of_class
from harness.gradebook import State
from harness.host.fork import ForkLauncher
from harness.isolation import self_check
from harness.isolation.limits import Limits
from harness.validation.cases import STUBS, write_modules, write_solution
from tests.classes import rows
from tests.conftest import MAXIMUM

# ---- who handed in what ----------------------------------------------------------------------------------------


def test_folders_archives_notebooks_and_modules_are_submissions(tmp_path):
    (tmp_path / "ada").mkdir()
    for name in (
        "CS2420_PSet2_Alan_Grace.zip",
        "barbara.tar.gz",
        "edsger.ipynb",
        "quantization_tony.py",
        "notes.txt",
        ".DS_Store",
    ):
        (tmp_path / name).write_text("")
    roster = read_roster(tmp_path)
    assert [roster_entry.name for roster_entry in roster.entries] == [
        "CS2420_PSet2_Alan_Grace",
        "ada",
        "barbara",
        "edsger",
        "quantization_tony",
    ]
    assert roster.left_out == ("notes.txt",)


def test_the_folder_of_grades_is_no_submission(tmp_path):
    for name in ("ada", "grades"):
        (tmp_path / name).mkdir()
    assert [roster_entry.id for roster_entry in read_roster(tmp_path, without=tmp_path / "grades").entries] == ["ada"]


@pytest.mark.parametrize("nested", [False, True])
def test_gradescopes_export(tmp_path, nested):
    export = tmp_path / "assignment_123_export" if nested else tmp_path
    export.mkdir(exist_ok=True)
    (export / "submission_1").mkdir()
    (export / "submission_9").mkdir()
    (export / "submission_metadata.yml").write_text(
        "---\n"
        "submission_1:\n"
        "  :submitters:\n"
        "  - :name: Ada Lovelace\n    :sid: '0815'\n    :email: ada@example.edu\n"
        "  - :name: Alan Turing\n    :sid: 42\n    :email: alan@example.edu\n"
        "  :created_at: !ruby/object:ActiveSupport::TimeWithZone\n    utc: 2025-10-01 12:00:00.000000000 Z\n"
        "  :results: !ruby/hash:ActiveSupport::HashWithIndifferentAccess\n    score: 1.5\n"
        "submission_2:\n"
        "  :submitters:\n  - :name: Grace Hopper\n    :sid:\n    :email: grace@example.edu\n"
    )
    one, two, nine = read_roster(tmp_path).entries
    assert one.people == (
        Person("Ada Lovelace", "0815", "ada@example.edu"),
        Person("Alan Turing", "42", "alan@example.edu"),
    )
    assert one.path == export / "submission_1"
    assert two.people == (Person("Grace Hopper", "", "grace@example.edu"),)
    assert not two.path.exists()
    assert nine.name == "submission_9"


@pytest.mark.parametrize(
    "text", ["{", "- 1\n- 2\n", "", "a: !!python/object/apply:os.system ['true']\n", "\x00", "a: *b\n"]
)
def test_metadata_that_is_none_is_refused_in_a_sentence(tmp_path, text):
    (tmp_path / "submission_metadata.yml").write_text(text)
    with pytest.raises(RosterError, match=r"(can't be read|lists no submissions).*export"):
        read_roster(tmp_path)


def test_metadata_leads_nowhere_else(tmp_path):
    (tmp_path / "class").mkdir()
    write_solution(tmp_path / "elsewhere")
    listed = {key: {":submitters": "nobody"} for key in ("../elsewhere", str(tmp_path / "elsewhere"), "..", "")}
    (tmp_path / "class" / "submission_metadata.yml").write_text(yaml.safe_dump(listed))
    assert not any(roster_entry.path.exists() for roster_entry in read_roster(tmp_path / "class").entries)


def test_what_is_no_class_is_refused_in_a_sentence(tmp_path):
    write_solution(tmp_path / "one")
    (tmp_path / "empty").mkdir()
    (tmp_path / "export.zip").write_bytes(b"")
    for name, said in {
        "nowhere": "does not exist: name a folder",
        "empty": "holds no submissions: they are folders",
        "export.zip": "is a file: unpack it",
        "one": "is one submission: python -m grader grade",
    }.items():
        with pytest.raises(RosterError, match=said):
            read_roster(tmp_path / name)


def test_ids_are_harmless_and_different(tmp_path):
    names = ["Ada Lovelace", "Ada_Lovelace", "Ada\nLovelace", "ädä", "=cmd", "-rf", "x" * 200, "x" * 199, "<script>"]
    for name in names:
        (tmp_path / name).mkdir()
    ids = [roster_entry.id for roster_entry in read_roster(tmp_path).entries]
    assert len(set(ids)) == len(names)
    for one in ids:
        assert one.isascii()
        assert not set(one) & set("/ \n<>%&?#=")
        assert not one.startswith(("-", "."))


def test_no_name_can_be_chosen_to_get_the_reports_of_another(tmp_path):
    (tmp_path / "Ada Lovelace").mkdir()
    (taken,) = (roster_entry.id for roster_entry in read_roster(tmp_path).entries)
    (tmp_path / taken).mkdir()
    assert len({roster_entry.id for roster_entry in read_roster(tmp_path).entries}) == 2


def test_a_link_that_leads_to_itself_is_left_out(tmp_path):
    (tmp_path / "ada").mkdir()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    roster = read_roster(tmp_path, without=tmp_path / "grades")
    assert [roster_entry.id for roster_entry in roster.entries] == ["ada"]
    assert roster.left_out == ("loop",)


@pytest.mark.parametrize("key", ["x" * 300, "../ada"])
def test_what_no_folder_can_be_called_is_not_there(tmp_path, key):
    (tmp_path / "submission_metadata.yml").write_text(json.dumps({key: {}}))
    (listed,) = read_roster(tmp_path).entries
    assert not listed.path.exists()
    assert len(listed.name) <= 200


# ---- the table and the page ------------------------------------------------------------------------------------


def full(id: str, share: float = 1.0, **other: object) -> Entry:
    scores = {test.number: test.points * share for test in read_suites()}
    states = {test.number: State.PASSED if share == 1 else State.FAILED for test in read_suites()}
    return Entry(id, Status.GRADED, scores=scores, states=states, **other)  # type: ignore[arg-type]


def roster_entry(id: str, *names: str) -> RosterEntry:
    return RosterEntry(
        id, Path(id), tuple(Person(name, f"sid-{name}", f"{name}@example.edu") for name in names or (id,))
    )


def test_a_row_a_student_and_a_row_of_maxima():
    found = rows(
        tables.render(of_class([roster_entry("one", "ada", "alan"), roster_entry("two")], {"one": full("one")}))
    )
    maxima, ada, alan, two = found
    assert maxima["Student"] == "Points Possible"
    assert float(maxima["Automatic"]) == MAXIMUM
    assert {**ada, "Student": "", "SID": "", "Email": ""} == {**alan, "Student": "", "SID": "", "Email": ""}
    assert ada["Automatic"] == maxima["Automatic"]
    assert ada["Email"] == "ada@example.edu"
    parts = [column for column in found[0] if column[0].isdigit()]
    assert sum(float(maxima[part]) for part in parts) == MAXIMUM
    assert two["Status"] == "not graded yet"
    assert two["Automatic"] == "" == two["1.1"]


def test_what_is_nothing_earns_zero_and_what_the_grader_failed_at_earns_no_number():
    entries = {"a": full("a", 0.0), "b": full("b", 0.0)}
    entries = {
        "a": Entry("a", Status.REFUSED, scores=entries["a"].scores),
        "b": Entry("b", Status.FAULT, scores=entries["b"].scores),
    }
    _, refused, fault = rows(tables.render(of_class([roster_entry("a"), roster_entry("b")], entries)))
    assert refused["Automatic"] == "0"
    assert fault["Automatic"] == ""


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_no_name_is_a_formula(name):
    (_, row) = rows(tables.render(of_class([roster_entry("one", name)], {})))
    assert row["Student"] == f"'{name}"


@pytest.mark.skipif(sys.platform != "linux", reason="file names are text elsewhere")
def test_a_file_name_that_is_no_text_is_a_row(tmp_path):
    (tmp_path / os.fsdecode(b"ad\xe4\n.zip")).write_bytes(b"")
    text = tables.render(of_class(read_roster(tmp_path).entries, {}))
    assert rows(text)[1]["Submission"] == "ad\N{REPLACEMENT CHARACTER} .zip"
    text.encode()


def test_the_page_shows_whom_to_look_at_and_nothing_runs_in_it():
    nasty = "<script>alert(1)</script>"
    entries = {
        "a": full("a", 0.5, code="1"),
        "b": full("b", code="2"),
        "c": full("c", 0.5, code="1"),
        "d": Entry("d", Status.FAULT, reason=f"it died {nasty}"),
    }
    roster_entries = [
        roster_entry("a"),
        roster_entry("b", nasty),
        roster_entry("c"),
        roster_entry("d"),
        roster_entry("e"),
    ]
    graded = page.Class("class", 1, roster_entries, entries)
    assert [one.id for one in graded.equal[0]] == ["a", "c"]
    assert len(graded.equal) == 1
    assert [one.id for one, _ in graded.troubles] == ["d", "e"]
    assert graded.total.mean == pytest.approx(MAXIMUM * 2 / 3)
    assert sum(graded.total.counts(20)) == 3
    assert graded.total.counts(20)[-1] == 1
    text = page.render(graded)
    assert nasty not in text
    assert "&lt;script&gt;alert(1)" in text
    assert text.count("<script>") == 1


def test_hardest_tests_are_those_that_who_tried_them_lost():
    number = read_suites()[0].number
    lost = full("b")
    lost.scores[number], lost.states[number] = 0.0, State.FAILED
    skipped = full("c", 0.0)
    skipped.states.update(dict.fromkeys(skipped.states, State.NOT_IMPLEMENTED))
    graded = page.Class("class", 1, [roster_entry(id) for id in "abc"], {"a": full("a"), "b": lost, "c": skipped})
    assert [(result.test.number, result.earned, result.tried) for result in graded.hardest] == [(number, 0.5, 2)]


def test_a_class_without_any_grade_has_a_page():
    assert "not graded yet" in page.render(page.Class("class", 1, [roster_entry("a")], {}))


# ---- what is kept ----------------------------------------------------------------------------------------------


def test_a_line_that_was_cut_off_costs_its_own_grade(tmp_path):
    journal = Journal(tmp_path / "grades")
    journal.begin(Header(1, "class"))
    for id in ("a", "b"):
        journal.add(full(id), "{}", "<p>", {"training.py": b"x"})
    lines = tmp_path / "grades" / "journal.jsonl"
    lines.write_bytes(lines.read_bytes()[:-100])
    journal.begin(Header(1, "class"))
    journal.add(full("c"), "{}", "<p>", {})
    assert set(journal.entries()) == {"a", "c"}


def test_the_last_line_counts_and_modules_are_those_of_the_last_grading(tmp_path):
    journal = Journal(tmp_path)
    journal.begin(Header(1, "class"))
    journal.add(full("a", 0.5), "{}", "<p>", {"training.py": b"x", "pruning.py": b"y"})
    journal.add(full("a"), "{}", "<p>", {"training.py": b"z"})
    assert journal.entries()["a"].score == MAXIMUM
    assert {file.name: file.read_bytes() for file in journal.code("a").iterdir()} == {"training.py": b"z"}


def test_what_somebody_leaves_beside_the_modules_stops_nothing(tmp_path):
    journal = Journal(tmp_path)
    journal.begin(Header(1, "class"))
    journal.add(full("a"), "{}", "<p>", {"training.py": b"x"})
    (journal.code("a") / "__pycache__").mkdir()
    (journal.code("a") / "__pycache__" / "training.pyc").write_bytes(b"")
    journal.add(full("a"), "{}", "<p>", {"training.py": b"y"})
    assert [file.name for file in journal.code("a").iterdir()] == ["training.py"]


@pytest.mark.parametrize("line", [b"{", b"[]", b"\xff", b'{"id": "a", "status": "graded", "states": {"1.1a": "well"}}'])
def test_a_line_that_makes_no_sense_does_not_count(tmp_path, line):
    journal = Journal(tmp_path)
    journal.begin(Header(1, "class"))
    (tmp_path / "journal.jsonl").write_bytes(line + b"\n")
    assert journal.entries() == {}


@pytest.mark.parametrize("text", [None, b"", b"{}", b"\xff"])
def test_a_batch_whose_seed_is_lost_says_what_to_do(tmp_path, text):
    journal = Journal(tmp_path)
    journal.begin(Header(1, "class"))
    journal.add(full("a"), "{}", "<p>", {})
    (tmp_path / "batch.json").unlink()
    if text is not None:
        (tmp_path / "batch.json").write_bytes(text)
    assert journal.exists
    with pytest.raises(JournalError, match="use --resume with --seed"):
        journal.header()


@pytest.mark.skipif(os.name != "posix", reason="there are no modes")
def test_grades_are_nobody_elses_business(tmp_path):
    Journal(tmp_path / "grades").begin(Header(1, "class"))
    assert (tmp_path / "grades").stat().st_mode & 0o077 == 0


def test_two_batches_do_not_write_into_one_folder(tmp_path):
    with (
        Journal(tmp_path).locked(),
        pytest.raises(JournalError, match="Another batch is writing"),
        Journal(tmp_path).locked(),
    ):
        pass


def test_a_grade_depends_on_what_was_handed_in_and_on_its_inputs(tmp_path):
    write_modules(STUBS, tmp_path / "one")
    task = Task("one", tmp_path / "one", "one", 1, 60)
    key = task.key
    assert Task("one", tmp_path / "one", "one", 1, 60).key == key
    assert Task("one", tmp_path / "one", "one", 2, 60).key != key
    (tmp_path / "one" / "notes.txt").write_text("x")
    changed = digests.of_submission(tmp_path / "one")
    assert task.key != key
    (tmp_path / "one" / "notes.txt").rename(tmp_path / "one" / "other.txt")
    assert digests.of_submission(tmp_path / "one") != changed


def test_nothing_that_is_handed_in_is_followed_or_waited_for(tmp_path):
    (tmp_path / "one").mkdir()
    os.mkfifo(tmp_path / "one" / "pipe")
    (tmp_path / "one" / "link").symlink_to("/dev/zero")
    (tmp_path / "one" / "folder").symlink_to("/")
    assert digests.of_submission(tmp_path / "one") == digests.of_submission(tmp_path / "one")


def test_what_the_grader_may_not_read_is_no_zero(tmp_path, monkeypatch):
    write_modules(STUBS, tmp_path / "ada")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    done = grade_one(Task("ada", tmp_path / "ada", "ada", 1, 60))
    assert done is not None
    assert done.entry.status is Status.FAULT
    assert "can't be read: change its permissions" in done.entry.reason


def test_what_is_listed_and_not_there_is_no_zero(tmp_path):
    done = grade_one(Task("ada", tmp_path / "ada", "ada", 1, 60, there=False))
    assert done is not None
    assert done.entry.status is Status.FAULT
    assert "is missing: export the submissions again" in done.entry.reason


def test_who_runs_out_of_time_is_to_look_at(tmp_path):
    write_modules(STUBS, tmp_path / "ada")
    done = grade_one(Task("ada", tmp_path / "ada", "ada", 1, 0.001))
    assert done is not None
    assert done.entry.status is Status.OVERDUE
    assert "tests were not run after 0.001 seconds" in done.entry.reason
    graded = page.Class("class", 1, [roster_entry("ada")], {"ada": done.entry})
    assert graded.troubles
    assert graded.graded


@pytest.mark.skipif(sys.platform != "linux", reason="there is no sandbox")
def test_what_others_have_handed_in_is_tried_to_be_read(tmp_path, launcher):
    write_modules(STUBS, tmp_path / "ada" / "deep" / "folder")
    (tmp_path / "bob.zip").write_bytes(b"PK")
    (tmp_path / "nobody").mkdir()
    self_check.with_secret()
    others = batch_cli._to_be_tried(read_roster(tmp_path))
    ada = tmp_path / "ada"
    assert {ada, ada / "deep", ada / "deep" / "folder", tmp_path / "bob.zip"} < {*others}
    attempt = {"read other submissions": others}
    assert self_check.quick_check(launcher, attempt).breaches == []
    open_door = ForkLauncher(Limits(), without=("own user", "Landlock"))
    try:
        assert {*attempt} <= {*self_check.quick_check(open_door, attempt).breaches}
    finally:
        open_door.stop()
