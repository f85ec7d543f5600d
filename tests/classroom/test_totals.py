"""What each submission comes to, and the table of grades."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import timedelta

import pytest

from harness.catalog import read_suites
from harness.classroom import late, tables
from harness.classroom.journal import Journal, Status
from harness.classroom.marking import MarkStore
from harness.classroom.roster import Person, RosterError
from harness.classroom.totals import of_class, students, totals
from harness.problem import problem
from tests.classroom.made import DUE, ada, entry, mark_all, person, read_csv, roster_entry, write_batch

AUTOMATIC = problem().automatic
QUESTIONS = [question.id for question in problem().question]
alan = person("Alan Turing", "42")
TEST = read_suites()[0]


# ---- totals ----------------------------------------------------------------------------------------------------


def test_before_any_marking_there_are_automatic_points_and_no_total(tmp_path):
    (total,) = totals(write_batch(tmp_path, [roster_entry("one", ada)]))
    assert total.automatic == AUTOMATIC
    assert total.total is None
    assert list(total.unmarked) == QUESTIONS
    assert not (tmp_path / "marks.sqlite").exists()


def test_automatic_points_and_points_by_hand_make_the_total(tmp_path):
    write_batch(tmp_path, [roster_entry("one", ada), roster_entry("two", alan)])
    hand = mark_all(tmp_path, ["one"])
    one, two = totals(tmp_path)
    assert (one.total, one.hand, one.missing) == (AUTOMATIC + hand, hand, ())
    assert hand > 0
    assert two.total is None


def test_one_answer_that_is_not_marked_leaves_the_total_open(tmp_path):
    write_batch(tmp_path, [roster_entry("one", ada)])
    mark_all(tmp_path, ["one"], without=QUESTIONS[-1:])
    (total,) = totals(tmp_path)
    assert total.total is None
    assert total.missing == (f"by hand {QUESTIONS[-1]}",)


def test_an_override_takes_the_place_of_the_automatic_score(tmp_path):
    write_batch(tmp_path, [roster_entry("one", ada)])
    with closing(MarkStore(tmp_path)) as store:
        store.override("Grace", "one", TEST.number, 0.5, 0, "The test asks too much.")
    (total,) = totals(tmp_path)
    assert total.automatic == AUTOMATIC - TEST.points + 0.5
    assert total.changed == 0.5 - TEST.points
    assert (
        total.parts[TEST.part] == sum(test.points for test in read_suites() if test.part == TEST.part) + total.changed
    )


@pytest.mark.parametrize("status", [Status.FAULT, Status.WAITING])
def test_what_was_not_graded_has_no_points(status):
    (total,) = of_class([roster_entry("one", ada)], {"one": entry("one", 0, status)})
    assert (total.automatic, total.total) == (None, None)
    assert total.missing[0] == f"automatic points ({status.value})"


def test_nothing_to_grade_is_a_zero_and_can_have_points_by_hand(tmp_path):
    write_batch(tmp_path, [roster_entry("one", ada)], {"one": entry("one", 0, Status.REFUSED)})
    hand = mark_all(tmp_path, ["one"])
    assert totals(tmp_path)[0].total == hand


def test_a_fault_of_the_grader_leaves_the_total_open_until_somebody_decides(tmp_path):
    write_batch(tmp_path, [roster_entry("one", ada)], {"one": entry("one", 1, Status.UNDECIDED)})
    report = Journal(tmp_path).report("one")
    found = json.loads(report.read_text())
    found["tests"][0]["extra_data"]["fault"] = "MemoryError"
    report.write_text(json.dumps(found))
    mark_all(tmp_path, ["one"])
    assert totals(tmp_path)[0].missing == (f"test {TEST.number}: the grader had a fault",)
    with closing(MarkStore(tmp_path)) as store:
        store.override("Grace", "one", TEST.number, TEST.points, 0, "It is right.")
    assert totals(tmp_path)[0].total is not None


def test_the_penalty_stands_apart_from_the_score(tmp_path):
    write_batch(tmp_path, [roster_entry("one", ada, late_by=timedelta(hours=3))])
    late.write(tmp_path, late.Rules(DUE, rule="percent", per_day=10))
    (total,) = totals(tmp_path)
    assert (total.penalty, total.late) == (None, "3 hours late: 10 % of the points")
    hand = mark_all(tmp_path, ["one"])
    (total,) = totals(tmp_path)
    assert total.automatic == AUTOMATIC
    assert total.penalty == pytest.approx((AUTOMATIC + hand) / 10)
    assert total.total == pytest.approx((AUTOMATIC + hand) * 0.9)


def test_a_folder_that_is_none_of_a_batch_is_refused(tmp_path):
    with pytest.raises(RosterError, match=r"has no roster\.json"):
        totals(tmp_path)


# ---- a student in two submissions ------------------------------------------------------------------------------


def test_the_submission_that_was_handed_in_last_counts():
    later = roster_entry("a", Person("Ada L.", "", "ADA@example.edu"), late_by=timedelta(hours=2))
    earlier = roster_entry("b", ada, alan, late_by=timedelta(hours=1))
    found = of_class([later, earlier], {})
    assert [(one.person.name, one.total.id, one.others) for one in students(found)] == [
        ("Ada L.", "a", ("b",)),
        ("Alan Turing", "b", ()),
    ]


def test_where_times_are_missing_the_later_one_in_the_list_counts():
    found = of_class([roster_entry("a", ada), roster_entry("b", ada, late_by=None)], {})
    assert [one.total.id for one in students(found)] == ["b"]


def test_an_address_or_a_number_with_a_name_tells_who_is_the_same():
    people = [Person("Ada", "1", "ada@x"), Person("ADA", "1"), Person("Ada", "", "ada@x")]
    found = of_class([roster_entry(f"submission {number}", one) for number, one in enumerate(people)], {})
    assert len(students(found)) == 1


def test_a_number_that_many_have_or_a_name_alone_joins_nobody():
    people = [Person("Ada", "N/A", "ada@x"), Person("Alan", "N/A", "alan@x"), Person("ada"), Person("ada")]
    found = of_class([roster_entry(f"submission {number}", one) for number, one in enumerate(people)], {})
    assert len(students(found)) == 4


def test_who_is_in_another_submission_pays_no_slip_day_here():
    rules = late.Rules(DUE, rule="percent", per_day=10, slip_days=1, slip_used={"0815": 1})
    group = roster_entry("a", ada, alan, late_by=timedelta(hours=1))
    alone = roster_entry("b", ada, late_by=timedelta(hours=2))
    found, _ = of_class([group, alone], {}, rules=rules)
    assert found.lateness is not None
    assert (found.lateness.slip, found.lateness.slip_left) == (1, (0,))


# ---- the table -------------------------------------------------------------------------------------------------


def test_the_table_has_all_points_and_what_is_missing(tmp_path):
    write_batch(tmp_path, [roster_entry("one", ada, alan, late_by=timedelta(days=1, hours=1)), roster_entry("two")])
    late.write(tmp_path, late.Rules(DUE, rule="points", per_day=3, slip_days=1))
    hand = mark_all(tmp_path, ["one"])
    text = tables.render(totals(tmp_path))
    maxima, first, second, third = read_csv(text)
    assert text.startswith("\ufeffStudent,SID,Email,Submission,Status,1.1,")
    assert maxima["Automatic"] == str(AUTOMATIC)
    assert maxima["By hand"] == str(problem().by_hand)
    assert maxima["Total"] == str(problem().handout)
    assert [maxima[f"by hand {question.id}"] for question in problem().question] == [
        str(question.points) for question in problem().question
    ]
    assert (first["Student"], second["Student"]) == ("Ada Lovelace", "Alan Turing")
    assert first["SID"] == "0815"
    assert first["Handed in"] == "2025-10-05 00:59:00-04:00"
    assert first["Lateness"] == "1 day 1 hour late: 1 slip day, then 3 points"
    assert (first["Penalty"], float(first["Total"])) == ("3", AUTOMATIC + hand - 3)
    assert first["Note"] == "0 slip days left"
    assert (third["Total"], third["Penalty"], third["Automatic"]) == ("", "0", str(AUTOMATIC))
    assert third["Missing"].startswith(f"by hand {QUESTIONS[0]}; ")


def test_who_is_there_twice_has_one_row_that_says_so():
    found = of_class([roster_entry("b", ada, late_by=timedelta(hours=1)), roster_entry("a", ada)], {})
    _, row = read_csv(tables.render(found))
    assert row["Submission"] == "b"
    assert row["Note"] == "also in a, which doesn't count: this one was handed in last"


@pytest.mark.parametrize("name", ['Lovelace, "Ada"', "Müller, Zoë", "أمل", "李雷", "=1+1", "@SUM(A1)"])
def test_any_name_is_one_cell(name):
    (_, row) = read_csv(tables.render(of_class([roster_entry("one", person(name, "=2", "+3"))], {})))
    assert row["Student"].removeprefix("'") == name
    assert not row["Student"].startswith(("=", "@"))
    assert (row["SID"], row["Email"]) == ("'=2", "'+3")
