"""What changed, for whom, and why."""

from __future__ import annotations

import csv
import io

import pytest
import typer
from rich.console import Console

from harness.catalog import read_suites
from harness.classroom import diff
from harness.classroom.diff import Cause, compare
from harness.classroom.journal import Entry, JournalError, Status
from harness.classroom.marking import MarkStore
from tests.classroom_pages.made import HOSTILE, batch, entry, roster_entry
from tests.conftest import MAXIMUM

FIRST, SECOND = (test.number for test in read_suites()[:2])
POINTS = read_suites()[0].points


def only(found: diff.Difference) -> diff.Change:
    (change,) = found.changes
    return change


def test_a_grade_that_is_the_same_is_no_change(tmp_path):
    found = compare(
        batch(tmp_path / "old", entry("ada")), batch(tmp_path / "new", entry("ada", grader="other", key="k"))
    )
    assert found.changes == ()
    assert found.summary == "1 submission was compared. No grade changed."


def test_a_single_grade_that_changed_is_said_with_its_points(tmp_path):
    again = entry("ada", grader="other", key="k")
    folder = batch(tmp_path, entry("ada", lost={FIRST: 1}), entry("alan"), entry("eve"), again)
    assert compare(folder).summary == "1 of 3 submissions was graded again. Its grade changed: +1."


def test_several_grades_that_changed_are_counted(tmp_path):
    lost = [entry(name, lost={FIRST: 1}, grader="other", key="k") for name in ("ada", "alan")]
    folder = batch(tmp_path, entry("ada"), entry("alan"), *lost)
    assert compare(folder).summary == "2 of 2 submissions were graded again. 2 grades changed: 2 lost points."


def test_where_nothing_was_graded_twice_there_is_nothing_to_compare(tmp_path):
    assert compare(batch(tmp_path, entry("ada"))).summary == "Nothing was compared: no submission has two gradings."


def test_the_last_grading_of_a_folder_is_compared_with_the_one_before(tmp_path):
    gradings = [
        entry("ada", lost={FIRST: POINTS}),
        entry("alan"),
        entry("ada", lost={SECOND: 1}),
        entry("ada", grader="mended", key="k"),
    ]
    found = compare(batch(tmp_path, *gradings))
    assert found.compared == 1
    change = only(found)
    assert [(test.number, test.gain) for test in change.tests] == [(SECOND, 1)]
    assert change.total(change.before) == f"{MAXIMUM - 1:g}"
    assert change.causes == (Cause.GRADER,)


@pytest.mark.parametrize(
    ("other", "cause"),
    [
        ({"code": "c", "files": "f"}, Cause.CODE),
        ({"files": "f"}, Cause.FILES),
        ({"grader": "g"}, Cause.GRADER),
        ({"seed": 2}, Cause.SEED),
        ({}, Cause.OTHER),
    ],
)
def test_why_a_grade_changed(tmp_path, other, cause):
    found = compare(batch(tmp_path, entry("ada"), entry("ada", lost={FIRST: 1}, key="k", **other)))
    assert only(found).causes == (cause,)
    assert not found.unrepeatable


def test_all_that_changed_is_named(tmp_path):
    again = entry("ada", lost={FIRST: 1}, key="k", code="c", files="f", grader="g", seed=2)
    assert only(compare(batch(tmp_path, entry("ada"), again))).causes == (Cause.CODE, Cause.GRADER, Cause.SEED)


def test_a_grade_that_changed_by_itself_is_flagged(tmp_path, capsys):
    folder = batch(tmp_path, entry("ada"), entry("alan"), entry("ada", lost={FIRST: 1}), entry("alan"))
    found = compare(folder)
    assert [change.id for change in found.unrepeatable] == ["ada"]
    with pytest.raises(typer.Exit) as ended:
        diff.diff(folder)
    assert ended.value.exit_code == 1
    assert "The grades are not repeatable; look into the tests that changed: ada." in capsys.readouterr().out


def test_a_fault_that_is_gone_is_no_flag(tmp_path):
    first = entry("ada", Status.UNDECIDED, lost={FIRST: POINTS})
    assert only(compare(batch(tmp_path, first, entry("ada")))).causes == (Cause.FAULT,)


def test_what_has_no_grade_is_no_zero(tmp_path):
    change = only(compare(batch(tmp_path, Entry("ada", Status.FAULT), entry("ada"))))
    assert change.total(change.before) == ""
    assert change.tests[0].before is None


def test_lines_of_an_older_version_are_compared_too(tmp_path):
    old = entry("ada", lost={FIRST: 1}, files="", grader="", seed=None, key="old")
    assert only(compare(batch(tmp_path, old, entry("ada")))).causes == (Cause.UNKNOWN,)
    old = entry("bob", lost={FIRST: 1}, files="", grader="", seed=None, key="old", code="other")
    assert only(compare(batch(tmp_path / "b", old, entry("bob")))).causes == (Cause.CODE,)


def test_who_hands_in_anew_is_known_by_the_students(tmp_path):
    old = batch(
        tmp_path / "old",
        entry("s1"),
        entry("s2"),
        roster_entries=(roster_entry("s1", "ada"), roster_entry("s2", "alan")),
    )
    again = entry("s3", lost={FIRST: 1}, code="c", key="k")
    new = batch(
        tmp_path / "new", again, entry("s4"), roster_entries=(roster_entry("s3", "ada"), roster_entry("s4", "grace"))
    )
    found = compare(old, new)
    assert [(change.id, change.name) for change in found.changes] == [("s3", "ada")]
    assert found.only_before == ("alan",)
    assert found.only_after == ("grace",)


def test_overrides_on_tests_that_changed_are_named(tmp_path, capsys):
    folder = batch(tmp_path, entry("ada", lost={FIRST: POINTS}), entry("ada", grader="g", key="k"))
    marks = MarkStore(folder)
    for test in (FIRST, SECOND):
        marks.override("Grace", "ada", test, 0.5, 0, "the test was wrong")
    found = compare(folder)
    assert [(change.id, test.number) for change, test in found.overridden] == [("ada", FIRST)]
    diff.diff(folder)
    said = capsys.readouterr().out
    assert f"ada: {FIRST} is overridden by hand with 0.5 points" in said
    assert f"from 0 to {POINTS:g}" in said
    assert "the test was wrong" in diff.render(found, "grades")


def test_the_table_has_a_row_for_each_test_and_no_formula(tmp_path):
    ada = roster_entry("ada", "=1+1")
    found = compare(
        batch(
            tmp_path, entry("ada"), entry("ada", lost={FIRST: 1, SECOND: 1}, grader="g", key="k"), roster_entries=(ada,)
        )
    )
    one, two = csv.DictReader(io.StringIO(diff.rows(found)))
    assert (one["Test"], two["Test"]) == (FIRST, SECOND)
    assert one["Student"] == "'=1+1"
    assert (one["Before"], one["After"], one["Why"]) == (f"{POINTS:g}", f"{POINTS - 1:g}", "the grader changed")


def test_a_status_that_changed_is_a_row(tmp_path):
    found = compare(batch(tmp_path, entry("ada"), entry("ada", Status.OVERDUE)))
    (row,) = csv.DictReader(io.StringIO(diff.rows(found)))
    assert (row["Test"], row["State before"], row["State after"]) == ("", "graded", "out of time")


def test_no_name_does_harm(tmp_path, capsys):
    ada = roster_entry("ada", HOSTILE)
    folder = batch(tmp_path, entry("ada"), entry("ada", lost={FIRST: 1}), roster_entries=(ada,))
    MarkStore(folder).override("Grace", "ada", FIRST, 0.5, 0, HOSTILE)
    with pytest.raises(typer.Exit):
        diff.diff(folder, html=tmp_path / "diff.html", csv=tmp_path / "diff.csv")
    for text in (capsys.readouterr().out, (tmp_path / "diff.html").read_text(), (tmp_path / "diff.csv").read_text()):
        assert not set(text) & set("\x1b\u202e")
    page = (tmp_path / "diff.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_what_is_no_batch_is_refused_in_a_sentence(tmp_path, capsys):
    with pytest.raises(JournalError, match="holds no grades: name a folder that python -m grader batch has made"):
        compare(tmp_path)
    with pytest.raises(typer.Exit) as ended:
        diff.diff(tmp_path)
    assert ended.value.exit_code == 2


def test_a_mended_test_after_publication_leaves_marks_where_they_are(tmp_path):
    folder = batch(tmp_path, entry("ada", lost={FIRST: POINTS}))
    marks = MarkStore(folder)
    marks.override("Grace", "ada", SECOND, 0.5, 0, "seen by hand")
    marks.publish("Grace")
    batch(folder, entry("ada", grader="mended", key="k"))
    assert only(compare(folder)).gain == POINTS
    assert MarkStore(folder).state().overrides("ada")[SECOND].score == 0.5


def test_the_table_fits_a_narrow_terminal(tmp_path):
    found = compare(batch(tmp_path, entry("ada"), entry("ada", lost={FIRST: 1})))
    file = io.StringIO()
    Console(file=file, width=60).print(diff._table(found))
    assert max(len(line) for line in file.getvalue().splitlines()) <= 60
