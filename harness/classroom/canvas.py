"""Points for Canvas: fill one assignment's column of an exported gradebook, and write the file that Canvas imports.

Canvas' importer reads a file in this way (source: its public ``gradebook_importer.rb``):

* The header begins with ``Student, ID``, then ``SIS User ID, SIS Login ID`` or the latter alone, then ``Section``.
* A column is an assignment by the id in its name, ``PSet 2 (12345)``.
* A row with ``Points Possible`` in its first cell sets what an assignment is worth.
* A student is looked up by ``ID``. Students who aren't in the file keep their points; *an empty cell removes points*.

So cells that aren't filled are written as they were exported, and so is the maximum. Importing the file only changes
the points of the students that were found.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.base.untrusted import UnreadableError, read_bytes
from harness.classroom.roster import shown
from harness.classroom.tables import harmless
from harness.classroom.totals import Student, Total, students
from harness.problem import problem
from harness.reports.text import counted, points

__all__ = [
    "CANVAS_FILE",
    "CanvasError",
    "Filled",
    "Gradebook",
    "canvas_ids",
    "fill",
    "read_gradebook",
    "render",
    "sayings",
]

MAX_BYTES = 64 << 20
STUDENT, ID, SIS_ID, LOGIN, SECTION = "Student", "ID", "SIS User ID", "SIS Login ID", "Section"
POINTS_POSSIBLE = "    Points Possible"
ASSIGNMENT = re.compile(r"(.+) \((\d+)\)", re.DOTALL)
"""The name of an assignment's column."""
CALCULATED = re.compile(r"(Current|Final|Override) (Score|Points|Grade|Status)")
"""The columns that Canvas calculates itself."""
KEPT = ("EX", "N/A")
"""The cells that are never filled: the student is excused, or doesn't have the assignment."""
TEST_STUDENTS = ("student, test", "test student")
CANVAS_FILE = re.compile(r"^[^_]+_(?:LATE_)?(\d+)_(\d+)_")
"""The name of a file in Canvas' download of submissions: who, the student's id, the file's id, and its own name."""


class CanvasError(Exception):
    """The gradebook can't be used. The text is one sentence that says what to do."""


@dataclass(frozen=True)
class Row:
    """A student's row of the gradebook."""

    line: int
    cells: dict[str, str]

    def cell(self, column: str) -> str:
        """A cell without spaces around it; empty if the gradebook has no such column."""
        return self.cells.get(column, "").strip()

    @property
    def name(self) -> str:
        """The student's name. Canvas puts a name that begins like a formula into quotation marks."""
        found = shown(self.cells[STUDENT])
        return found[2:-1] if found.startswith('="') and found.endswith('"') else found

    @property
    def is_test_student(self) -> bool:
        """Whether this is Canvas' test student, as whom teachers view their course."""
        return self.name.casefold() in TEST_STUDENTS and not self.cells.get(SIS_ID)


@dataclass(frozen=True)
class Gradebook:
    """A gradebook as Canvas exports it."""

    header: tuple[str, ...]
    possible: dict[str, str]
    """The row of maximum points; its cells are empty if the file has none."""
    rows: tuple[Row, ...]

    @property
    def assignments(self) -> list[str]:
        """The columns that can be filled."""
        return [name for name in self.header if ASSIGNMENT.fullmatch(name) and not self._is_read_only(name)]

    def _is_read_only(self, column: str) -> bool:
        return "read only" in self.possible.get(column, "") or CALCULATED.search(column) is not None

    def assignment(self, wanted: str | None) -> str:
        """The column of an assignment by its whole name, title or id; by default the problem set's title.

        Raises:
            CanvasError: no assignment or several have this name.
        """
        known = self.assignments
        title = problem().problem.title
        if wanted is None:
            fitting = [name for name in known if {*_name(title)} <= {*_name(_title(name)[0])}]
        else:
            fitting = [name for name in known if name == wanted]
            fitting = fitting or [name for name in known if wanted in (_title(name)[0], _title(name)[1])]
        if len(fitting) == 1:
            return fitting[0]
        if not known:
            raise CanvasError("The gradebook has no assignment: create it on Canvas, and export the gradebook again.")
        called = f"called {title if wanted is None else wanted}"
        what = f"{len(fitting)} assignments {called}" if fitting else f"no assignment {called}"
        choice = ", ".join(fitting or known)
        raise CanvasError(f"The gradebook has {what}: write one of these after --assignment: {choice}.")


def _title(column: str) -> tuple[str, str]:
    found = ASSIGNMENT.fullmatch(column)
    return (found[1], found[2]) if found else (column, "")


# ---- reading ---------------------------------------------------------------------------------------------------


def read_gradebook(path: Path) -> Gradebook:
    """Read a gradebook that Canvas exported, also one that a spreadsheet has saved again.

    Raises:
        CanvasError: the file isn't such a gradebook.
    """
    try:
        text = _decoded(read_bytes(path, MAX_BYTES))
    except UnreadableError as error:
        raise CanvasError(f"The gradebook can't be read: {error}.") from None
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text)) if any(row)]
    except csv.Error as error:
        raise CanvasError(f"{path} is not a CSV file ({error}): export the gradebook from Canvas again.") from None
    header = [cell.strip() for cell in rows[0]] if rows else []
    names = {"LastName", "FirstName"} <= {*header}
    if not ({STUDENT, ID, SECTION} <= {*header} or (names and {ID, SECTION} <= {*header})):
        raise CanvasError(
            f"{path} is not a Canvas gradebook, which has the columns Student, ID and Section: export it with "
            "Grades, Export, Export Entire Gradebook."
        )
    if repeated := [name for name, count in Counter(filter(None, header)).items() if count > 1]:
        raise CanvasError(f"{path} has the column {repeated[0]} twice: export the gradebook again.")
    possible: dict[str, str] = {}
    found = []
    for line, row in enumerate(rows[1:], 2):
        cells = dict(zip(header, [*row, *[""] * (len(header) - len(row))], strict=False))
        if names:
            cells[STUDENT] = f"{cells['LastName']}, {cells['FirstName']}"
        if "Points Possible" in row[0]:
            possible = cells
        elif not all(re.fullmatch(r"\s*(muted|manual posting.*)?\s*", cell, re.IGNORECASE) for cell in row):
            found.append(Row(line, cells))
    _check_ids(found)
    return Gradebook(tuple(header), possible, tuple(found))


def _decoded(data: bytes) -> str:
    """Decode text in the encodings that Canvas and spreadsheets write."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _delimiter(text: str) -> str:
    first = text.lstrip().partition("\n")[0]
    return max(",;\t", key=first.count)


def _check_ids(rows: Sequence[Row]) -> None:
    """Refuse a file without Canvas' ids of the students."""
    for row in rows:
        id = row.cells[ID].strip()
        if not (id.isascii() and id.isdigit()):
            raise CanvasError(
                f"Line {row.line} of the gradebook has no ID ({shown(id) or 'an empty cell'}): use the file as "
                "Canvas exports it, and don't save it in a spreadsheet program."
            )
    ids = Counter(row.cells[ID].strip() for row in rows)
    if twice := [id for id, count in ids.items() if count > 1]:
        raise CanvasError(f"The student with the ID {twice[0]} is in the gradebook twice: export the gradebook again.")


# ---- who is who ------------------------------------------------------------------------------------------------


@dataclass
class Filled:
    """A filled gradebook, with everything that staff should know about it."""

    gradebook: Gradebook
    assignment: str
    given: dict[int, Student] = field(default_factory=dict)
    """The students whose points are filled in, by the index of the gradebook's row."""
    tentative: list[tuple[Row, Student, str]] = field(default_factory=list)
    """The students who were found by uncertain data that somebody should check, and by which."""
    nobody: list[Student] = field(default_factory=list)
    """Students with a submission who aren't in the gradebook, for example because they dropped the course."""
    unclear: list[tuple[Student, str]] = field(default_factory=list)
    """Students with a submission whose row isn't clear, each with the reason."""
    nothing: list[Row] = field(default_factory=list)
    """Students of the gradebook who submitted nothing."""
    incomplete: list[tuple[Row, Student]] = field(default_factory=list)
    """Students whose marks are not complete."""
    twice: list[Student] = field(default_factory=list)
    """Students with several submissions, of which the last one counts."""
    kept: list[tuple[Row, Student]] = field(default_factory=list)
    """Students who are excused, or don't have the assignment."""

    @property
    def is_of_class(self) -> bool:
        """Whether anybody of the class is in the gradebook."""
        return bool(self.given or self.unclear or self.incomplete or self.kept or not self.nobody)


def fill(gradebook: Gradebook, found: Sequence[Total], assignment: str | None = None) -> Filled:
    """Find each student of a class in a gradebook, and the points to fill in.

    Raises:
        CanvasError: the assignment is not clear.
    """
    filled = Filled(gradebook, gradebook.assignment(assignment))
    of_class = students(found)
    filled.twice = [student for student in of_class if student.others]
    taken = _matched(gradebook.rows, of_class, filled)
    unclear = {row.line for row in gradebook.rows} & {line for line, student in taken.items() if student is None}
    for row in gradebook.rows:
        student = taken.get(row.line)
        if student is None:
            if not row.is_test_student and row.line not in unclear:
                filled.nothing.append(row)
        elif row.cells.get(filled.assignment, "").strip().upper() in KEPT:
            filled.kept.append((row, student))
        elif student.total.total is None:
            filled.incomplete.append((row, student))
        else:
            filled.given[row.line] = student
    return filled


def canvas_ids(gradebook: Gradebook, found: Sequence[Total]) -> list[tuple[Student, str]]:
    """Canvas' ids of the students of a class who are in a gradebook."""
    taken = _matched(gradebook.rows, students(found), Filled(gradebook, ""))
    lines = {row.line: row.cells[ID].strip() for row in gradebook.rows}
    return [(student, lines[line]) for line, student in taken.items() if student is not None]


def _matched(rows: Sequence[Row], of_class: Sequence[Student], filled: Filled) -> dict[int, Student | None]:
    """The student for each row of a gradebook; None if it isn't clear who that is."""
    rows = [row for row in rows if not row.is_test_student]
    found: dict[int, list[Student]] = {}
    unclear: dict[int, None] = {}
    left = []
    for student in of_class:
        hits, how = _hits(rows, student)
        if len(hits) == 1:
            found.setdefault(hits[0].line, []).append(student)
            filled.tentative += [(hits[0], student, how)] if how else []
        elif hits:
            filled.unclear.append((student, f"the gradebook has {len(hits)} rows that could be theirs"))
            unclear |= {row.line: None for row in hits}
        else:
            left.append(student)
    names = Counter(_name(student.person.name) for student in left)
    free = [row for row in rows if row.line not in found and row.line not in unclear]
    for student in left:
        name = _name(student.person.name)
        hits = [row for row in free if name and _name(row.name) == name]
        if len(hits) == 1 and names[name] == 1:
            found[hits[0].line] = [student]
            filled.tentative.append((hits[0], student, "the name alone"))
        elif hits:
            filled.unclear.append((student, "several have this name, and no number or address tells them apart"))
            unclear |= {row.line: None for row in hits}
        else:
            filled.nobody.append(student)
    for line, several in found.items():
        if len(several) > 1:
            filled.unclear += [(one, f"{len(several)} students of the class match the same row") for one in several]
            unclear[line] = None
    return {**{line: several[0] for line, several in found.items()}, **unclear}


def _hits(rows: Iterable[Row], student: Student) -> tuple[list[Row], str]:
    """The rows that match a student's number or address, each with a remark if somebody should check the match.

    A number and an address that lead to different rows are two rows.
    """
    sid, email = student.person.sid.strip(), student.person.email.strip().casefold()
    file = CANVAS_FILE.match(student.total.submission)
    hits = [row for row in rows if row.cell(SIS_ID) == sid != "" or row.cell(LOGIN).casefold() == email != ""]
    if hits:
        return hits, ""
    hits = [row for row in rows if row.cell(LOGIN) == sid != "" or row.cell(SIS_ID).casefold() == email != ""]
    if hits:
        return hits, ""
    if file and not sid and not email:
        return [row for row in rows if row.cell(ID) == file[1]], ""
    if sid.isdigit():  # spreadsheets take leading zeros away
        hits = [row for row in rows if row.cell(SIS_ID).isdigit() and row.cell(SIS_ID).lstrip("0") == sid.lstrip("0")]
    return hits, "the number without its leading zeros" if hits else ""


def _name(name: str) -> tuple[str, ...]:
    """A name in a form for comparison: ``Lovelace, Ada`` and ``ada LOVELACE`` are the same."""
    text = unicodedata.normalize("NFKC", name).casefold()
    text = "".join(char for char in text if unicodedata.category(char) != "Cf")  # marks of direction
    return tuple(sorted(re.findall(r"\w+", text)))


# ---- what is written and said ----------------------------------------------------------------------------------


def render(filled: Filled) -> str:
    """The file for Canvas: all students of the gradebook, in its order, with the one assignment."""
    header = filled.gradebook.header
    about = [STUDENT, ID]
    if LOGIN in header:  # Canvas takes no other order, and no SIS User ID without the login
        about += [SIS_ID, LOGIN] if SIS_ID in header else [LOGIN]
    about.append(SECTION)
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([*about, filled.assignment])
    possible = filled.gradebook.possible.get(filled.assignment, "").strip()
    table.writerow([POINTS_POSSIBLE, *[""] * (len(about) - 1), possible])
    for row in filled.gradebook.rows:
        student = filled.given.get(row.line)
        total = student.total.total if student else None
        cell = row.cells.get(filled.assignment, "") if total is None else points(total)
        table.writerow([*(harmless(row.cells.get(column, "").strip()) for column in about), cell.strip()])
    return text.getvalue()


def sayings(filled: Filled) -> Iterator[str]:
    """A line for each thing that staff should know about the file."""
    for row, student, how in filled.tentative:
        yield f"{_who(student)} is {row.name} of the gradebook by {how}: check that this is right."
    for student, why in filled.unclear:
        yield f"{_who(student)} gets no points in the file: {why}."
    if not filled.is_of_class:
        yield "No SID or address of this batch is in the gradebook: check that both are of the same course."
    for student in filled.nobody if filled.is_of_class else ():
        yield f"{_who(student)} is not in the gradebook ({student.total.id}): perhaps they dropped the course."
    if filled.nothing and filled.is_of_class:
        names = "; ".join(row.name for row in filled.nothing)
        cells = "the cell is" if len(filled.nothing) == 1 else "their cells are"
        yield f"{counted(len(filled.nothing), 'student')} submitted nothing, and {cells} unchanged: {names}."
    for student in filled.twice:
        others = ", ".join(student.others)
        yield f"{_who(student)} has several submissions: {student.total.id} came last and counts, {others} doesn't."
    for row, student in filled.incomplete:
        cell = f"{row.name}'s cell is unchanged"
        yield f"{student.total.called}: the marks are not complete, and {cell}: {student.total.left}."
    for row, student in filled.kept:
        yield f"{student.total.called}: {row.name}'s cell is unchanged: {row.cells[filled.assignment].strip()}."
    possible = filled.gradebook.possible.get(filled.assignment, "").strip()
    if _float(possible) != problem().handout:
        yield (
            f"{filled.assignment} has {possible or 'no'} points possible in Canvas, and the problem set has "
            f"{problem().handout}: change Canvas if they should be equal."
        )


def _who(student: Student) -> str:
    ids = ", ".join(filter(None, (student.person.sid, student.person.email)))
    return f"{student.person.name} ({ids})" if ids else student.person.name


def _float(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None
