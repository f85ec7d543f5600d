"""Points in an exported gradebook of Canvas, and what Canvas would make of the file."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from harness.classroom import canvas
from harness.classroom.canvas import CanvasError, Filled
from harness.classroom.roster import Person, RosterEntry
from harness.classroom.totals import Total, of_class, totals
from harness.problem import problem
from tests.classroom.canvas_importer import Course, InvalidHeaderRow, User
from tests.classroom.made import ada, mark_all, person, roster_entry, write_batch

HANDOUT = str(problem().handout)
TITLE = problem().problem.title
PSET = 12345
alan = person("Alan Turing", "42")
zoe = Person("Zoë Müller", "", "zoe@example.edu")
amal = Person("أمل", "007", "")
TEST_STUDENT = User(999, "Student, Test")


def course(*users: User) -> Course:
    """A course with three assignments, of which the second one is ours."""
    titles = {111: "Quiz, the first", PSET: TITLE, 222: "PSet 20; optional"}
    return Course([*users, TEST_STUDENT], titles, {111: "10.00", PSET: f"{HANDOUT}.00", 222: "5.00"})


def fill(tmp_path: Path, text: str, found: list[Total], assignment: str | None = None) -> Filled:
    path = tmp_path / "export.csv"
    path.write_text(text, encoding="utf-8")
    return canvas.fill(canvas.read_gradebook(path), found, assignment)


def said(filled: Filled) -> str:
    return "\n".join(canvas.sayings(filled))


@pytest.fixture
def marked(tmp_path):
    """A class in which all is marked but one answer of the last submission; the points of all others."""
    folder = tmp_path / "grades"
    ids = ["one", "two", "three", "four"]
    roster_entries = [
        roster_entry("one", ada, alan),
        roster_entry("two", zoe),
        roster_entry("three", amal),
        roster_entry("four", person("Left")),
    ]
    write_batch(folder, [*roster_entries, roster_entry("five", person("Grace Hopper", "5"))])
    points = problem().automatic + mark_all(folder, ids)
    mark_all(folder, ["five"], without=[problem().question[0].id])
    return totals(folder), f"{points:g}"


COURSE = (
    User(1, "Lovelace, Ada", "0815", "ada@example.edu", scores={111: "9.5"}),
    User(2, "Turing, Alan", "42", "aturing", "A and B", {111: "7", PSET: "100.00", 222: "3"}),
    User(3, "Müller, Zoë", "77", "ZOE@example.edu"),
    User(4, "=أمل", "007", "amal"),
    User(5, "Hopper, Grace", "5", "grace@example.edu", scores={PSET: "12.5"}),
    User(6, "Hamilton, Margaret", "6", "margaret@example.edu", scores={PSET: "1"}),
)


@pytest.mark.parametrize("export", [{}, {"delimiter": ";", "comma": True}, {"bom": False, "manual": False}])
def test_an_import_changes_the_points_of_those_who_were_found_and_nothing_else(tmp_path, marked, export):
    found, points = marked
    there = course(*COURSE)
    text = canvas.render(fill(tmp_path, there.export(**export), found))
    assert text.splitlines()[0] == f"Student,ID,SIS User ID,SIS Login ID,Section,{TITLE} ({PSET})"
    assert text.splitlines()[
        1
    ] == f"    Points Possible,,,,,{HANDOUT}{',00' if export.get('comma') else '.00'}".replace(
        f"{HANDOUT},00", f'"{HANDOUT},00"'
    )
    assert there.changes(text) == {
        ("Lovelace, Ada", PSET): ("", points),
        ("Turing, Alan", PSET): ("100.00", points),
        ("Müller, Zoë", PSET): ("", points),
        ("=أمل", PSET): ("", points),
    }


def test_the_importer_refuses_the_full_table_and_sees_what_else_would_change():
    there = course(*COURSE)
    with pytest.raises(InvalidHeaderRow):
        there.changes("Student,SID,Email,Submission,Status,1.1\n")
    assert there.changes(f"Student,ID,Section,{TITLE} ({PSET})\n    Points Possible,,,203\nHopper,5,,\nX,88,,1\n") == {
        ("Points Possible", PSET): (f"{HANDOUT}.00", "203"),
        ("Hopper, Grace", PSET): ("12.5", ""),
        ("new student X", PSET): ("", "1"),
    }


def test_everything_unusual_is_said(tmp_path, marked):
    found, _ = marked
    text = said(fill(tmp_path, course(*COURSE).export(), found))
    assert "Left (left@example.edu) is not in the gradebook" in text
    assert "1 student submitted nothing, and the cell is unchanged: Hamilton, Margaret." in text
    missing = f"by hand {problem().question[0].id}"
    assert f"Grace Hopper (five): the marks are not complete, and Hopper, Grace's cell is unchanged: {missing}." in text
    assert "Student, Test" not in text
    assert "points possible" not in text


def test_marks_that_are_not_complete_are_never_a_zero(tmp_path):
    found = of_class([roster_entry("one", ada)], {})
    there = course(User(1, "Lovelace, Ada", "0815"))
    assert there.changes(canvas.render(fill(tmp_path, there.export(), found))) == {}


def test_who_is_excused_stays_excused(tmp_path, marked):
    there = course(User(1, "Lovelace, Ada", "0815", scores={PSET: "EX"}))
    filled = fill(tmp_path, there.export(), marked[0])
    assert there.changes(canvas.render(filled)) == {}
    assert "Lovelace, Ada's cell is unchanged: EX." in said(filled)


def test_other_points_possible_are_said_and_not_changed(tmp_path, marked):
    there = course(*COURSE)
    there.possible[PSET] = "203"
    filled = fill(tmp_path, there.export(), marked[0])
    assert ("Points Possible", PSET) not in there.changes(canvas.render(filled))
    assert f"has 203 points possible in Canvas, and the problem set has {HANDOUT}" in said(filled)


# ---- who is who ------------------------------------------------------------------------------------------------


def matched(tmp_path: Path, user: User, *people: Person, more: tuple[User, ...] = ()) -> tuple[list[str], str]:
    """The submissions that lead to points for these users, and what is said."""
    found = of_class([roster_entry(f"submission {number}", one) for number, one in enumerate(people)], {})
    filled = fill(tmp_path, course(user, *more).export(), found)
    return [student.total.id for _, student in filled.incomplete], said(filled)


def test_a_name_that_only_one_has_is_enough_and_said(tmp_path):
    ids, text = matched(tmp_path, User(1, "Lovelace, Ada"), Person("ada  \u200fLOVELACE"))
    assert ids == ["submission 0"]
    assert "is Lovelace, Ada of the gradebook by the name alone" in text


def test_a_name_that_two_have_is_not_enough(tmp_path):
    ids, text = matched(tmp_path, User(1, "Smith, Ann"), Person("Ann Smith"), Person("Smith Ann"))
    assert ids == []
    assert text.count("several have this name") == 2
    ids, text = matched(tmp_path, User(1, "Smith, Ann"), Person("Ann Smith"), more=(User(2, "Ann Smith"),))
    assert ids == []
    assert "submitted nothing" not in text


def test_number_and_address_of_two_people_are_nobody(tmp_path):
    ids, text = matched(tmp_path, User(1, "A", "1"), Person("A", "1", "b@x"), more=(User(2, "B", "2", "b@x"),))
    assert ids == []
    assert "the gradebook has 2 rows that could be theirs" in text


def test_two_of_the_class_with_one_number_get_nothing(tmp_path):
    ids, text = matched(tmp_path, User(1, "A", "1"), Person("A", "1"), Person("B", "1"))
    assert ids == []
    assert text.count("2 students of the class match the same row") == 2


def test_leading_zeros_that_a_spreadsheet_took_away_are_forgiven_and_said(tmp_path):
    ids, text = matched(tmp_path, User(1, "A", "815"), Person("B", "0815"))
    assert ids == ["submission 0"]
    assert "by the number without its leading zeros" in text
    ids, _ = matched(tmp_path, User(1, "A", "815"), Person("B", "00815"), more=(User(2, "C", "0815"),))
    assert ids == []


def test_a_file_of_canvas_own_download_says_who_it_is(tmp_path):
    found = of_class(
        [RosterEntry("x", Path("lovelaceada_LATE_17_345_pset2.zip"), (Person("lovelaceada_LATE_17_345"),))], {}
    )
    filled = fill(tmp_path, course(User(17, "Lovelace, Ada", "1", "x")).export(), found)
    assert [row.name for row, _ in filled.incomplete] == ["Lovelace, Ada"]


def test_who_is_there_twice_is_said(tmp_path):
    found = of_class([roster_entry("b", ada, late_by=timedelta(hours=1)), roster_entry("a", ada)], {})
    assert "Ada Lovelace (0815, ada@example.edu) has several submissions: b came last and counts, a doesn't." in said(
        fill(tmp_path, course(COURSE[0]).export(), found)
    )


# ---- the export ------------------------------------------------------------------------------------------------


def test_a_file_that_excel_saved_again_is_read(tmp_path, marked):
    there = course(*(user for user in COURSE if user.id != 4))
    text = there.export(delimiter=";", comma=True, bom=False)
    (tmp_path / "export.csv").write_bytes(text.replace("\n", "\r\n").encode("cp1252"))
    filled = canvas.fill(canvas.read_gradebook(tmp_path / "export.csv"), marked[0])
    assert ("Müller, Zoë", PSET) in there.changes(canvas.render(filled))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8"])
def test_a_file_in_another_encoding_is_read(tmp_path, encoding):
    (tmp_path / "export.csv").write_bytes(course(*COURSE).export(bom=False).encode(encoding))
    assert canvas.read_gradebook(tmp_path / "export.csv").rows[3].name == "=أمل"


def test_the_assignment_is_chosen_by_name_title_or_id(tmp_path):
    text = course(*COURSE).export()
    assert fill(tmp_path, text, []).assignment == f"{TITLE} ({PSET})"
    for name in ("Quiz, the first (111)", "Quiz, the first", "111"):
        assert fill(tmp_path, text, [], name).assignment == "Quiz, the first (111)"
    for name in ("Final Score (12)", "PSet"):
        with pytest.raises(
            CanvasError,
            match=r"no assignment called .*: write one of these after --assignment: Quiz, the first \(111\), ",
        ):
            fill(tmp_path, text, [], name)


def test_a_gradebook_of_another_course_is_one_sentence(tmp_path, marked):
    found, _ = marked
    there = Course(
        [User(1, "Noether, Emmy", "9999"), User(2, "Gauss, Carl", "8888")], {PSET: TITLE}, {PSET: str(HANDOUT)}
    )
    assert [*canvas.sayings(fill(tmp_path, there.export(), found))] == [
        "No SID or address of this batch is in the gradebook: check that both are of the same course."
    ]


def test_last_and_first_names_in_two_columns_are_one_name(tmp_path):
    text = f"LastName,FirstName,ID,SIS User ID,SIS Login ID,Section,{TITLE} (1)\nLovelace,Ada,1,,,A,\n"
    filled = fill(tmp_path, text, of_class([roster_entry("one", Person("Ada Lovelace"))], {}))
    assert filled.incomplete
    assert canvas.render(filled).startswith("Student,ID,SIS User ID,SIS Login ID,Section,")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not a Canvas gradebook"),
        ("Student,SID,Email\n", "is not a Canvas gradebook"),
        ("Student,ID,Section\nAda,,A\n", "Line 2 of the gradebook has no ID \\(an empty cell\\)"),
        ("Student,ID,Section\nAda,1.2E+16,A\n", "has no ID \\(1.2E\\+16\\).*don't save it in a spreadsheet program"),
        ("Student,ID,Section\nAda,1,A\nAlan,1,A\n", "the ID 1 is in the gradebook twice"),
        ("Student,ID,Section,X (1),X (1)\n", "has the column X \\(1\\) twice"),
    ],
)
def test_what_is_no_gradebook_is_refused_in_a_sentence(tmp_path, text, said):
    with pytest.raises(CanvasError, match=said):
        fill(tmp_path, text, [])
    with pytest.raises(CanvasError, match="can't be read"):
        canvas.read_gradebook(tmp_path / "nowhere.csv")
