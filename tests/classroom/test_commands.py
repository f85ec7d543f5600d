"""``late``, ``canvas`` and ``publish`` as commands: what they print, write and refuse."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from harness import cli
from harness.classroom import late
from harness.problem import problem
from tests.classroom.canvas_importer import Course, User
from tests.classroom.made import DUE, ada, mark_all, person, read_csv, roster_entry, write_batch

QUESTION = problem().question[0].id
TITLE = problem().problem.title


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app_for(str(arguments[0])), [*map(str, arguments)], catch_exceptions=False)


@pytest.fixture
def grades(tmp_path):
    folder = tmp_path / "grades"
    two = roster_entry("two", person("Grace Hopper", "5"), late_by=timedelta(days=2, hours=3))
    write_batch(folder, [roster_entry("one", ada), two])
    return folder


def test_submissions_without_a_time_are_counted_in_a_line(tmp_path):
    folder = tmp_path / "grades"
    write_batch(folder, [roster_entry(name, late_by=None) for name in ("a", "b")])
    late.write(folder, late.Rules(DUE, rule="deadline"))
    assert run("late", folder).stdout.splitlines()[1:] == [
        "Without a submission time, and so without a penalty: 2 submissions.",
        f"With a penalty: 0 of 2 submissions.    Table: {folder / 'late.csv'}",
    ]


def test_late_writes_both_tables_and_keeps_the_rules(grades, tmp_path):
    (tmp_path / "rules.toml").write_text('rule = "percent"\nper_day = 5\n[slip]\ndays = 1\nused = { 4711 = 1 }\n')
    done = run("late", grades, "--due", "2025-10-03T23:59-04:00", "--rules", tmp_path / "rules.toml")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        "Due Fri 3 Oct 2025, 23:59 (UTC-04:00): each day costs 5 % of the points, 1 slip day a student.",
        "No submission is by 4711: check the SIDs and addresses in the rules.",
        "Grace Hopper: 2 days 3 hours late: 1 slip day, then 2 days at 5 %, 10 % of the points",
        f"With a penalty: 1 of 2 submissions.    Table: {grades / 'late.csv'}",
    ]
    first, second = read_csv((grades / "late.csv").read_text())
    assert (first["Penalty"], first["Explained"], first["Left"]) == ("0", "in time", "1")
    assert (second["Slip days"], second["Left"], second["Penalty"]) == ("1", "0", "")
    assert second["Handed in"] == "2025-10-06 02:59:00-04:00"
    assert read_csv((grades / "grades.csv").read_text())[2]["Lateness"].startswith("2 days 3 hours late")
    mark_all(grades, ["one", "two"])
    again = run("late", grades)
    assert "then 2 days at 5 %, 10 % of" in again.stdout
    assert float(read_csv((grades / "late.csv").read_text())[1]["Penalty"]) > 20


def test_canvas_writes_the_file_and_says_what_is_unusual(grades, tmp_path):
    mark_all(grades, ["one", "two"], without=[QUESTION])
    mark_all(grades, ["one"])
    users = [User(1, "Lovelace, Ada", "0815"), User(2, "Hopper, Grace", "5"), User(3, "Nobody, Here")]
    there = Course(users, {7: TITLE}, {7: str(problem().handout)})
    (tmp_path / "export.csv").write_text(there.export(), encoding="utf-8")
    done = run("canvas", grades, "--gradebook", tmp_path / "export.csv", "--out", tmp_path / "canvas.csv")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        "1 student submitted nothing, and the cell is unchanged: Nobody, Here.",
        f"Grace Hopper (two): the marks are not complete, and Hopper, Grace's cell is unchanged: by hand {QUESTION}.",
        f"{TITLE} (7): points for 1 of the 3 students in the gradebook.",
        f"File for Canvas: {tmp_path / 'canvas.csv'}",
    ]
    assert [*there.changes((tmp_path / "canvas.csv").read_text())] == [("Lovelace, Ada", 7)]
    assert os.name != "posix" or (tmp_path / "canvas.csv").stat().st_mode & 0o077 == 0


def test_publish_refuses_what_is_not_complete(grades):
    mark_all(grades, ["one"])
    mark_all(grades, ["two"], without=[QUESTION])
    done = run("publish", grades)
    assert done.exit_code == 2
    assert done.stderr == (
        f"Nothing was published. 1 submission without complete marks: Grace Hopper (two): by hand {QUESTION}. "
        "Mark them, or publish what there is with --partial.\n"
    )
    assert not (grades / "published").exists()
    done = run("publish", grades, "--partial", "--who", "Grace")
    assert done.exit_code == 0
    assert (
        done.stdout.splitlines()[0] == f"1 submission without complete marks: Grace Hopper (two): by hand {QUESTION}."
    )
    assert f"2 reports for 2 students: {grades / 'published'}" in done.stdout
    assert (grades / "published" / "reports" / "two.html").is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["late", "{nowhere}"], "is not a folder: name the folder that python -m grader batch has written"),
        (["late", "{other}"], "has no roster.json"),
        (["late", "{grades}"], "has no late.toml yet: name the due time with --due"),
        (["late", "{grades}", "--due", "tomorrow"], "--due is not a time: write it as 2025-10-03T23:59."),
        (["late", "{grades}", "--rules", "{nowhere}"], "can't be read: No such file"),
        (["canvas", "{grades}"], "name the file with --gradebook"),
        (["canvas", "{grades}", "--gradebook", "{nowhere}"], "The gradebook can't be read"),
        (["canvas", "{grades}", "--gradebook", "{nowhere}", "--out", "{file}"], "The gradebook can't be read"),
        (["canvas", "{grades}", "--gradebook", "{file}"], "is not a Canvas gradebook"),
        (["canvas", "{grades}", "--gradebook", "{file}", "--out", "{file}"], "is the gradebook itself"),
        (["canvas", "{grades}", "--gradebook", "{file}", "--out", "{other}"], "is a folder; name a file"),
        (["publish", "{grades}", "--partial", "--out", "{file}"], "holds something else"),
        (["publish", "{grades}", "--partial", "--downloads", "{file}"], "needs both"),
    ],
)
def test_what_can_not_be_done_is_one_sentence(grades, tmp_path, arguments, said):
    places = {name: tmp_path / name for name in ("nowhere", "other", "file")} | {"grades": grades}
    places["other"].mkdir()
    places["file"].write_text("mine")
    done = run(*(argument.format(**places) for argument in arguments))
    assert done.exit_code == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""
    assert places["file"].read_text() == "mine"


def test_damaged_rules_and_marks_are_one_sentence(grades):
    (grades / "late.toml").write_text("rule = 1")
    for command in (["late", grades], ["publish", grades]):
        done = run(*command)
        assert (done.exit_code, done.stdout) == (2, "")
        assert "late.toml is not valid" in done.stderr
    (grades / "late.toml").unlink()
    (grades / "marks.sqlite").write_bytes(b"no database" * 1000)
    done = run("publish", grades)
    assert (done.exit_code, len(done.stderr.splitlines())) == (2, 1)


def test_batch_takes_the_rules_before_it_grades(tmp_path):
    (tmp_path / "class" / "ada").mkdir(parents=True)
    (tmp_path / "rules.toml").write_text("per_dya = 1")
    done = run("batch", tmp_path / "class", "--out", tmp_path / "grades", "--late-rules", tmp_path / "rules.toml")
    assert done.exit_code == 2
    assert "unknown field `per_dya`" in done.stderr
    assert not (tmp_path / "grades").exists()


def test_rules_that_a_batch_has_are_used_later(grades):
    late.write(grades, late.Rules(DUE, rule="deadline"))
    assert "Grace Hopper: 2 days 3 hours late: too late to count" in run("late", grades).stdout
    assert Path(grades / "late.toml").read_text().startswith("due = 2025-10-03T23:59:00-04:00\n")
