"""What students get, and what they don't."""

from __future__ import annotations

import io
import json
import re
import zipfile
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from harness.catalog import read_suites
from harness.classroom import late, publish
from harness.classroom.journal import Status
from harness.classroom.marking import MarkStore, Saved
from harness.classroom.publish import Edition, Published, PublishError
from harness.classroom.roster import Person, RosterEntry
from harness.classroom.totals import totals
from harness.problem import problem
from tests.classroom.canvas_importer import Course, User
from tests.classroom.made import DUE, ada, entry, gradebook, mark_all, person, read_csv, roster_entry, write_batch

alan = person("Alan Turing", "42")
QUESTION = problem().question[0]
TEST = read_suites()[0]
NASTY = "<script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.fixture
def grades(tmp_path):
    """A class of two submissions, one of a group, with all marks of the first one."""
    folder = tmp_path / "grades"
    write_batch(
        folder, [roster_entry("one", ada, alan, late_by=timedelta(hours=3)), roster_entry("two", person("Grace"))]
    )
    late.write(folder, late.Rules(DUE, rule="points", per_day=2))
    return folder


def write(folder: Path, **more: Path) -> Published:
    return publish.write_editions(Edition(folder, folder / "published", **more), totals(folder), "Grace")


def page(folder: Path, id: str = "one") -> str:
    """A student's report as text, with single spaces and without tags."""
    text = (folder / "published" / "reports" / f"{id}.html").read_text(encoding="utf-8")
    return " ".join(re.sub(r"<[^>]*>", " ", text.partition("<body>")[2]).split())


def test_a_report_explains_the_total(grades):
    hand = mark_all(grades, ["one"])
    done = write(grades)
    text = page(grades)
    total = problem().automatic + hand - 2
    assert done.reports == 2
    assert "Ada Lovelace, Alan Turing" in text
    assert f"{total:g} of {problem().handout} points" in text
    assert f"Tests of code and results {problem().automatic} of {problem().automatic}" in text
    assert f"by hand {hand:g} of {problem().by_hand}" in text
    assert "Lateness: 3 hours late: 2 points. Penalty: −2" in text


def test_a_mark_is_shown_with_items_adjustment_and_comment(grades):
    with closing(MarkStore(grades)) as store:
        first = store.state().rubric(QUESTION.id)[0]
        store.save("Grace", "one", QUESTION.id, Saved((first.id,), -0.5, "Two words too many.", "Well said."), 0)
    write(grades)
    text = page(grades)
    assert f"{first.text} +{first.points:g}" in text
    assert "Adjustment: Two words too many. −0.5" in text
    assert "Well said." in text
    assert first.note == "" or first.note not in text


def test_what_is_not_marked_says_what_it_asks_and_is_worth(grades):
    write(grades)
    text = page(grades)
    assert f"By hand: {QUESTION.title} not marked yet, of {QUESTION.points}" in text
    assert QUESTION.asks in text
    assert f"{problem().part[0].automatic:g} so far, of {problem().part[0].handout:g}; by hand not marked yet" in text
    assert "No total yet" in text
    assert problem().question[0].items[0].text not in text


def test_an_override_is_shown_with_both_scores_and_its_reason(grades):
    with closing(MarkStore(grades)) as store:
        store.override("Grace", "one", TEST.number, 0.25, 0, "The test asks too much.")
    write(grades)
    assert f"Changed by hand from {TEST.points:g} to 0.25: The test asks too much." in page(grades)


def test_hidden_tests_show_their_points_and_nothing_else(tmp_path, monkeypatch):
    folder = tmp_path / "grades"
    secret = "the input was 17"
    write_batch(folder, [roster_entry("one", ada)], {"one": gradebook("Ada", lost=[TEST.number], said=secret)})
    write(folder)
    assert secret in page(folder)
    tests = tuple(replace(test, visibility="hidden") if test == TEST else test for test in read_suites())
    monkeypatch.setattr(publish, "read_suites", lambda: tests)
    write(folder)
    assert secret not in page(folder)
    assert TEST.title not in page(folder)
    assert f"1 test whose details stay hidden 0 / {TEST.points:g}" in page(folder)


def test_what_a_student_or_a_marker_wrote_is_text(tmp_path):
    folder = tmp_path / "grades"
    nasty = gradebook(NASTY, lost=[TEST.number], said=NASTY)
    write_batch(folder, [roster_entry("one", Person(NASTY, "1", f"{NASTY}@x"))], {"one": nasty})
    with closing(MarkStore(folder)) as store:
        store.save("Grace", "one", QUESTION.id, Saved((), 1, NASTY, NASTY), 0)
        store.override("Grace", "one", read_suites()[1].number, 0, 0, NASTY)
        store.request(NASTY, "one", QUESTION.id, NASTY)
    write(folder)
    text = (folder / "published" / "reports" / "one.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "<img" not in text
    assert text.count("&lt;script&gt;") >= 6
    assert "default-src 'none'" in text


def test_changes_after_publication_are_listed_with_their_reasons(grades):
    mark_all(grades, ["one", "two"])
    write(grades)
    assert "Changed after publication" not in page(grades)
    with closing(MarkStore(grades)) as store:
        request = store.request("Grace", "one", QUESTION.id, "Please look again.")
        assert request is not None
        mark = store.state().mark("one", QUESTION.id)
        assert mark is not None
        store.save("Grace", "one", QUESTION.id, Saved(), mark.version, reason="It was the wrong item.")
        store.decide("Grace", request, "changed", "You are right.")
    write(grades)
    text = page(grades)
    assert "Changed after publication" in text
    assert f"{QUESTION.id}: It was the wrong item. {mark.points:g} → 0" in text
    assert "You asked: Please look again. Answer: the mark was changed. You are right." in text
    assert "Changed after publication" not in page(grades, "two")


def test_a_request_about_a_test_is_answered_beside_the_test(grades):
    with closing(MarkStore(grades)) as store:
        request = store.request("Grace", "one", TEST.number, "My code is right.")
        assert request is not None
        store.override("Grace", "one", TEST.number, TEST.points, 0, "The test was too narrow.")
        store.decide("Grace", request, "changed", "You are right.")
    write(grades)
    assert "You asked: My code is right. Answer: the mark was changed. You are right." in page(grades)


def test_publication_is_noted_once(grades):
    notes = write(grades).notes
    assert notes == ("The marks are published: from now on each change needs a reason, which the report lists.",)
    assert write(grades).notes == ()
    with closing(MarkStore(grades)) as store:
        assert store.state().published_at is not None


def test_what_is_not_complete_is_named(grades):
    mark_all(grades, ["one"])
    (two,) = publish.unfinished(totals(grades))
    assert (two.id, two.left) == ("two", f"all {len(problem().question)} answers")


def test_a_flag_is_something_left_to_do(grades):
    mark_all(grades, ["one", "two"])
    assert publish.unfinished(totals(grades)) == []
    with closing(MarkStore(grades)) as store:
        mark = store.state().mark("two", QUESTION.id)
        assert mark is not None
        store.save("Grace", "two", QUESTION.id, Saved(flag=True), mark.version)
    assert [total.left for total in publish.unfinished(totals(grades))] == [f"flagged {QUESTION.id}"]


def test_who_is_in_another_submission_gets_that_report(tmp_path):
    folder = tmp_path / "grades"
    write_batch(
        folder,
        [roster_entry("a", ada, alan), roster_entry("b", ada, late_by=timedelta(hours=1)), roster_entry("c", alan)],
    )
    mark_all(folder, "abc")
    write(folder)
    assert sorted(path.name for path in (folder / "published" / "reports").iterdir()) == ["b.html", "c.html"]
    assert "Ada Lovelace is in another submission too (a). This one counts, which was handed in last." in page(
        folder, "b"
    )
    table = read_csv((folder / "published" / "mail-merge.csv").read_text())
    assert {row["Name"]: row["File"] for row in table} == {
        "Ada Lovelace": "reports/b.html",
        "Alan Turing": "reports/c.html",
    }


def test_a_row_a_student_for_mail_merge(grades):
    hand = mark_all(grades, ["one"])
    write(grades)
    first, second, third = read_csv((grades / "published" / "mail-merge.csv").read_text())
    assert {**first, "Late": ""} == {
        "Name": "Ada Lovelace",
        "Email": "ada@example.edu",
        "SID": "0815",
        "Total": f"{problem().automatic + hand - 2:g}",
        "Of": str(problem().handout),
        "Late": "",
        "File": "reports/one.html",
    }
    assert second["Email"] == "alan@example.edu"
    assert third["Total"] == ""


def test_what_the_grader_failed_at_has_no_points(tmp_path):
    folder = tmp_path / "grades"
    write_batch(folder, [roster_entry("one", ada)], {"one": entry("one", 0, Status.FAULT)})
    write(folder)
    assert f"Tests of code and results not graded yet, of {problem().automatic}" in page(folder)


def test_a_report_that_nobody_gets_any_more_is_removed(grades):
    write(grades)
    (grades / "published" / "reports" / "dropped.html").write_text("old")
    write(grades)
    assert not (grades / "published" / "reports" / "dropped.html").exists()


def test_nothing_else_is_written_over(grades, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("mine")
    for out, said in ((tmp_path / "mine", "holds something else"), (grades, "holds the grades themselves")):
        with pytest.raises(PublishError, match=said):
            publish.write_editions(Edition(grades, out), totals(grades), "Grace")
    with closing(MarkStore(grades)) as store:
        assert store.state().published_at is None


# ---- Canvas' feedback zip --------------------------------------------------------------------------------------


def as_canvas_reads(name: str) -> list[str]:
    """Canvas takes the first two pieces that are numbers: the student's, and the file's."""
    return [piece for piece in name.split("_") if re.fullmatch(r"\d+", piece)][:2]


def test_files_of_canvas_own_download_lead_back_to_their_students(tmp_path):
    folder = tmp_path / "grades"
    names = ("lovelaceada_17_345_pset2.ipynb", "turing2alan_LATE_18_346_pset_2.zip")
    write_batch(folder, [RosterEntry(f"s{index}", Path(name), (Person(name),)) for index, name in enumerate(names)])
    done = write(folder)
    assert done.feedback is not None
    with zipfile.ZipFile(done.feedback) as archive:
        assert archive.namelist() == ["student_17_345_report.html", "student_18_346_report.zip"]
        assert [as_canvas_reads(name) for name in archive.namelist()] == [["17", "345"], ["18", "346"]]
        with zipfile.ZipFile(io.BytesIO(archive.read("student_18_346_report.zip"))) as inner:
            assert b"pset_2.zip" in inner.read("report.html")


def test_with_a_gradebook_the_download_says_which_file_is_whose(grades, tmp_path):
    users = [User(17, "Lovelace, Ada", "0815"), User(18, "Turing, Alan", "42"), User(19, "Nobody")]
    (tmp_path / "gradebook.csv").write_text(Course(users, {1: "PSet"}, {1: "1"}).export())
    with zipfile.ZipFile(tmp_path / "submissions.zip", "w") as archive:
        for name in ("lovelaceada_17_345_a.pdf", "lovelaceada_17_347_b.pdf", "turingalan_18_346_a.pdf", "x_y.pdf"):
            archive.writestr(name, b"")
    with pytest.raises(PublishError, match="needs both"):
        write(grades, downloads=tmp_path / "submissions.zip")
    done = write(grades, downloads=tmp_path / "submissions.zip", gradebook=tmp_path / "gradebook.csv")
    assert done.feedback is not None
    with zipfile.ZipFile(done.feedback) as archive:
        assert sorted(archive.namelist()) == ["student_17_345_report.html", "student_18_346_report.html"]
    assert "No file of Canvas is known for Grace (two)" in done.notes[-1]


def test_without_canvas_numbers_there_is_no_feedback_zip(grades, tmp_path):
    assert write(grades).feedback is None
    (tmp_path / "gradebook.csv").write_text(Course([], {1: "PSet"}, {1: "1"}).export())
    (tmp_path / "submissions.zip").write_bytes(b"PK")
    with pytest.raises(PublishError, match="can't be read"):
        write(grades, downloads=tmp_path / "submissions.zip", gradebook=tmp_path / "gradebook.csv")
    (tmp_path / "files").mkdir()
    with pytest.raises(PublishError, match="has no file with a name such as"):
        write(grades, downloads=tmp_path / "files", gradebook=tmp_path / "gradebook.csv")


def test_the_stamp_says_who_and_when(grades):
    write(grades)
    assert json.loads((grades / "published" / "published.json").read_text())["by"] == "Grace"
