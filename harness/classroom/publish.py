"""Publish grades: a report with all points for each student, a table for mail merge, and files for Canvas.

The staff's edition of a report is ``reports/ID.html`` of the batch, with every test. The students' edition is made from
``reports/ID.json`` and the marks. It shows a test as Gradescope would after publication. Tests with visibility
``hidden`` stay without title and message, and only the sum of their points in each part is shown.

Canvas attaches a file of a feedback zip to the submission in its name: ``NAME_USER_FILE_…`` with Canvas' own numbers.
The file names of Canvas' *Download Submissions* have these numbers.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import jinja2

from harness.base.untrusted import UnreadableError, read_bytes
from harness.catalog import GradedTest, read_suites
from harness.classroom.canvas import CANVAS_FILE, canvas_ids, read_gradebook
from harness.classroom.journal import Journal
from harness.classroom.marking import Change, Mark, Marks, MarkStore, Override, Regrade
from harness.classroom.tables import harmless, written
from harness.classroom.totals import Total, students
from harness.gradebook import State
from harness.problem import Part, Question, problem
from harness.reports.html import SIGNS, environment
from harness.reports.text import cut, plain, points, write_atomically

__all__ = ["Edition", "PublishError", "Published", "render", "signed", "unfinished", "write_editions"]

MAX_REPORT = 64 << 20
MAX_OUTPUT = 10_000
MAX_FILES = 100_000
STAMP = "published.json"
"""The file by which a folder of students' reports is recognised."""
TABLE = "mail-merge.csv"
FEEDBACK = "canvas-feedback.zip"


class PublishError(Exception):
    """The grades can't be published. The text is one sentence that says what to do."""


@dataclass(frozen=True)
class Edition:
    """The options of a publication."""

    grades: Path
    out: Path
    downloads: Path | None = None
    """Canvas' download of submissions: a zip or a folder."""
    gradebook: Path | None = None
    """The gradebook that Canvas has exported."""


@dataclass(frozen=True)
class Published:
    """The outcome of a publication."""

    reports: int
    table: Path
    feedback: Path | None
    notes: tuple[str, ...]


def unfinished(found: Sequence[Total]) -> list[Total]:
    """The counting submissions that have no total yet, or a flagged mark."""
    return [total for total in found if total.counts_for and total.left]


def write_editions(edition: Edition, found: Sequence[Total], who: str) -> Published:
    """Write the students' edition of all reports, and record the publication.

    Raises:
        PublishError: the folder has other content, or a file of Canvas can't be used.
        CanvasError: the gradebook can't be used.
    """
    out = edition.out
    _check(edition)
    files = _files_of_canvas(edition, found)
    notes = []
    with closing(MarkStore(edition.grades)) as store:
        if store.state().published_at is None:  # before any file is there that somebody could send
            store.publish(who)
            notes.append("The marks are published: from now on each change needs a reason, which the report lists.")
        marks = store.state()
    for folder in (out, out / "reports"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomically(out / STAMP, json.dumps({"at": _now(), "by": who, "submissions": len(found)}, indent=1) + "\n")
    journal = Journal(edition.grades)
    pages = {total.id: render(total, marks, _tests(journal.report(total.id))) for total in found if total.counts_for}
    for path in (out / "reports").glob("*.html"):
        if path.stem not in pages:  # of somebody who is no longer in the class
            path.unlink()
    for id, page in pages.items():
        write_atomically(out / "reports" / f"{id}.html", page)
    write_atomically(out / TABLE, _table(found))
    feedback = out / FEEDBACK if files else None
    feedback_data = _feedback(files, pages)
    (out / FEEDBACK).unlink(missing_ok=True)
    if feedback:
        feedback.write_bytes(feedback_data)
        without = [total.called for total in found if total.counts_for and total.id not in files]
        notes += [f"No file of Canvas is known for {'; '.join(without)}: not in {FEEDBACK}."] if without else []
    return Published(len(pages), out / TABLE, feedback, tuple(notes))


def _check(edition: Edition) -> None:
    """Refuse a folder with other content."""
    out = edition.out
    if out.resolve() in (edition.grades.resolve(), *edition.grades.resolve().parents):
        raise PublishError(f"{out} holds the grades themselves: name another folder with --out.")
    if out.exists() and not (out / STAMP).is_file() and (not out.is_dir() or any(out.iterdir())):
        raise PublishError(f"{out} holds something else: name a new folder with --out.")
    if (edition.downloads is None) != (edition.gradebook is None):
        raise PublishError("The feedback zip needs both --downloads and --gradebook, which says whose file is whose.")


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def _tests(report: Path) -> dict[str, dict[str, Any]]:
    """The rows of a report by the number of the test; empty if the report can't be read."""
    try:
        rows = json.loads(read_bytes(report, MAX_REPORT))["tests"]
        return {str(row["number"]): row for row in rows if "number" in row}
    except (UnreadableError, ValueError, TypeError, KeyError):
        return {}


# ---- the report ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ShownTest:
    """A test as the student sees it."""

    test: GradedTest
    row: Mapping[str, Any]
    override: Override | None = None
    regrades: Sequence[Regrade] = ()

    @property
    def before(self) -> float:
        """The automatic score."""
        return float(self.row.get("score", 0.0))

    @property
    def score(self) -> float:
        """The score that counts."""
        return self.override.score if self.override else self.before

    @property
    def state(self) -> State:
        """The outcome of the test. An override by hand decides it by its points."""
        if self.override:
            return State.PASSED if self.score >= self.test.points else State.PARTIAL if self.score else State.FAILED
        try:
            return State(self.row.get("extra_data", {}).get("state", "not run"))
        except (ValueError, AttributeError):
            return State.NOT_RUN

    @property
    def output(self) -> str:
        """The message."""
        return plain(cut(str(self.row.get("output", "")), MAX_OUTPUT)).strip()

    @property
    def hidden(self) -> bool:
        """Whether the test's title and message stay hidden after publication."""
        return self.test.visibility == "hidden"


@dataclass(frozen=True)
class ShownQuestion:
    """A question that is marked by hand, as the student sees it."""

    question: Question
    mark: Mark | None
    regrades: Sequence[Regrade] = ()


@dataclass(frozen=True)
class ShownPart:
    """A part of the handout with both kinds of points."""

    part: Part
    all_tests: Sequence[ShownTest]
    questions: Sequence[ShownQuestion]

    @cached_property
    def tests(self) -> list[ShownTest]:
        """The tests that are shown."""
        return [one for one in self.all_tests if not one.hidden]

    @cached_property
    def hidden(self) -> list[ShownTest]:
        """The hidden tests, of which only the sum of points is shown."""
        return [one for one in self.all_tests if one.hidden]

    @property
    def earned(self) -> float | None:
        """The points of the part so far; None if nothing of it has points yet."""
        known = [*(one.score for one in self.all_tests), *(one.mark.points for one in self.questions if one.mark)]
        return sum(known) if known else None

    @property
    def missing(self) -> str:
        """The kind of points that the part still lacks, in a few words; empty if it has all."""
        if self.part.automatic and not self.all_tests:
            return "tests not graded yet"
        return "" if all(one.mark for one in self.questions) else "by hand not marked yet"


@dataclass(frozen=True)
class Report:
    """A student's report."""

    total: Total
    parts: Sequence[ShownPart]
    changes: Sequence[Change] = ()
    published_at: datetime | None = None

    @property
    def has_questions(self) -> bool:
        """Whether anything is marked by hand."""
        return any(part.questions for part in self.parts)


def render(total: Total, marks: Marks, rows: Mapping[str, Mapping[str, Any]]) -> str:
    """The students' edition of a report as text.

    Args:
        rows: the rows of the submission's results.json, by the number of the test.
    """
    overrides = marks.overrides(total.id)
    tests = [
        ShownTest(test, rows.get(test.number, {}), overrides.get(test.number), _regrades(marks, total, test.number))
        for test in read_suites()
    ]
    report = Report(
        total,
        [_part(part, total, marks, tests if total.parts else []) for part in problem().part],
        marks.changes_since_publication(total.id),
        marks.published_at,
    )
    return _template().render(report=report, total=total, problem=problem(), signs=SIGNS, state=State)


@cache
def _template() -> jinja2.Template:
    pages = environment(Path(__file__).resolve().parent)
    pages.filters.update(points=points, plain=plain, signed=signed)
    return pages.get_template("published.html.j2")


def _part(part: Part, total: Total, marks: Marks, tests: Sequence[ShownTest]) -> ShownPart:
    return ShownPart(
        part,
        [one for one in tests if one.test.part == part.number],
        [
            ShownQuestion(
                question,
                marks.mark(total.id, question.id),
                _regrades(marks, total, question.id),
            )
            for question in problem().question
            if question.part == part.number
        ],
    )


def _regrades(marks: Marks, total: Total, about: str) -> list[Regrade]:
    return [one for one in marks.regrades(total.id) if one.question == about]


def signed(value: float) -> str:
    """Points with their sign, as ``+2`` or ``−1.5``."""
    return f"{'−' if value < 0 else '+'}{points(abs(value))}"


# ---- for mail merge, and for Canvas ----------------------------------------------------------------------------


def _table(found: Sequence[Total]) -> str:
    """CSV with a row for each student: the address, the text, and the file to attach."""
    rows = [["Name", "Email", "SID", "Total", "Of", "Late", "File"]]
    for student in students(found):
        total, person = student.total, student.person
        amount = "" if total.total is None else points(total.total)
        about = map(harmless, (person.name, person.email, person.sid))
        rows.append([*about, amount, str(problem().handout), total.late, f"reports/{total.id}.html"])
    return written(rows)


def _files_of_canvas(edition: Edition, found: Sequence[Total]) -> dict[str, list[tuple[str, str, str]]]:
    """Canvas' numbers of the student and of the submitted file, with the file's ending, by submission."""
    files: dict[str, list[tuple[str, str, str]]] = {}
    for total in found:
        if total.counts_for and (match := CANVAS_FILE.match(total.submission)):
            files[total.id] = [(match[1], match[2], Path(total.submission).suffix)]
    if edition.downloads is None or edition.gradebook is None:
        return files
    known: dict[str, tuple[str, str, str]] = {}
    for name in _names(edition.downloads):
        if match := CANVAS_FILE.match(name):
            known.setdefault(match[1], (match[1], match[2], Path(name).suffix))
    if not known:
        raise PublishError(
            f"{edition.downloads} has no file with a name such as lovelaceada_123_456_work.zip: use the zip of "
            "Canvas' Download Submissions."
        )
    for student, user in canvas_ids(read_gradebook(edition.gradebook), found):
        if user in known:
            files.setdefault(student.total.id, []).append(known[user])
    return files


def _names(downloads: Path) -> Iterator[str]:
    """The file names in Canvas' download."""
    try:
        if downloads.is_dir():
            yield from (path.name for path in sorted(downloads.iterdir()))
            return
        with zipfile.ZipFile(downloads) as archive:
            yield from (Path(name).name for name in sorted(archive.namelist()[:MAX_FILES]))
    except (OSError, zipfile.BadZipFile, ValueError) as error:
        raise PublishError(f"{downloads} can't be read: {error}.") from None


def _feedback(files: Mapping[str, Sequence[tuple[str, str, str]]], pages: Mapping[str, str]) -> bytes:
    """Make the feedback zip for Canvas.

    Canvas shows a feedback file under the submitted file's name. So for a submitted zip, the feedback is a zip too.
    """
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for id, of in files.items():
            for user, file, suffix in dict.fromkeys(of):
                report = pages[id].encode()
                if suffix.lower() == ".zip":
                    inner = io.BytesIO()
                    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as own:
                        own.writestr("report.html", report)
                    archive.writestr(f"student_{user}_{file}_report.zip", inner.getvalue())
                else:
                    archive.writestr(f"student_{user}_{file}_report.html", report)
    return packed.getvalue()
