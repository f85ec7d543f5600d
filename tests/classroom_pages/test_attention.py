"""What is to look at: each kind, and what is none."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from harness.classroom import late
from harness.classroom.attention import Kind, Notice, notices_of
from harness.classroom.journal import Journal, Status
from harness.classroom.marking import MarkStore, Saved
from harness.classroom.review.material import Material
from harness.classroom.roster import RosterEntry
from harness.classroom.totals import totals
from harness.gradebook import Gradebook, Outcome, Reason, State
from harness.problem import problem
from tests.classroom.made import write_batch
from tests.classroom_pages.made import HOSTILE, batch, entry, roster_entry

WORDY = next(question for question in problem().question if question.words)
LIMIT = WORDY.words or 0
PDF = b"%PDF-1.7"


def made(folder: Path, *roster_entries: RosterEntry, answers: str = "", pdf: bool = True, **other: object) -> Path:
    """A folder of gradings in which all have handed in the same."""
    batch(folder, *(entry(one.id, **other) for one in roster_entries), roster_entries=roster_entries)  # type: ignore[arg-type]
    for one in roster_entries:
        work = Journal(folder).work(one.id)
        if answers:
            (work / "answers.md").write_text(answers)
        if pdf:
            (work / "writeup.pdf").write_bytes(PDF)
    return folder


def found(folder: Path) -> list[Notice]:
    return notices_of(folder, totals(folder))


def test_what_is_in_order_is_not_listed(tmp_path):
    text = f"Team: Ada Lovelace, Alan Turing\n\n## {WORDY.part} {WORDY.title}\n\nA word.\n"
    assert found(made(tmp_path, roster_entry("one", "Ada Lovelace", "Alan Turing"), answers=text)) == []


def test_who_was_late(tmp_path):
    times = [datetime(2025, 10, day, 12, tzinfo=timezone.utc) for day in (3, 5)]
    folder = made(tmp_path, roster_entry("one", created_at=times[0]), roster_entry("two", created_at=times[1]))
    rules = late.chosen(folder, "2025-10-04T00:00", "UTC", None)
    assert rules is not None
    late.write(folder, rules)
    (notice,) = found(folder)
    assert (notice.roster_entry.id, notice.kind) == ("two", Kind.LATE)
    assert notice.why.startswith("1 day 12 hours late")


def test_who_is_in_the_table_twice(tmp_path):
    notices = found(made(tmp_path, roster_entry("one", "Ada"), roster_entry("two", "Ada", "Alan")))
    assert [(notice.roster_entry.id, notice.kind) for notice in notices] == [("one", Kind.TWICE), ("two", Kind.TWICE)]
    assert notices[0].why == "Ada is in the submission of Ada, Alan (two) too, which counts."


def test_who_has_written_too_much(tmp_path):
    text = f"## {WORDY.part} {WORDY.title}\n\n" + "word " * (LIMIT + 1)
    (notice,) = found(made(tmp_path, roster_entry("one"), answers=text))
    assert notice.kind is Kind.OVER
    assert f"has {LIMIT + 1} words, the limit is {LIMIT}" in notice.why


@pytest.mark.parametrize(
    ("state", "reason", "kind", "why"),
    [
        (State.FAILED, Reason.IMPORT, Kind.IMPORT, "2 tests need a module that can't be imported: {}, {}."),
        (State.FAILED, Reason.CHECK, Kind.NO_POINTS, "No test earned a point."),
        (State.NOT_IMPLEMENTED, Reason.NOT_IMPLEMENTED, Kind.NO_POINTS, "Nothing is implemented: the stubs are"),
    ],
)
def test_whose_code_earned_nothing(tmp_path, state, reason, kind, why):
    book = Gradebook("one", 1)
    for test in book.tests[:2]:
        book.record(test.number, Outcome(state, 0.0, reason=reason))
    for test in book.tests[2:]:
        book.record(test.number, Outcome(State.NOT_IMPLEMENTED, 0.0, reason=Reason.NO_RESULTS))
    folder = write_batch(tmp_path, [RosterEntry("one", Path("one"), ())], {"one": book})
    (notice,) = [one for one in found(folder) if one.kind in (Kind.IMPORT, Kind.NO_POINTS)]
    assert notice.kind is kind
    assert notice.why.startswith(why.format(*(test.number for test in book.tests)))


def test_who_has_no_pdf(tmp_path):
    (notice,) = found(made(tmp_path, roster_entry("one"), pdf=False))
    assert notice.kind is Kind.NO_PDF


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("Ada Lovelace, Alan Turing", ""),
        ("ADA  LOVELACE; Turing", ""),
        ("Lovelace, Alan M. Turing", ""),
        ("", ""),
        ("Ada Lovelace", "Alan Turing is on Gradescope and not in the file."),
        ("Ada Lovelace, Alan Turing, Grace Hopper", "Grace Hopper is in the file and not on Gradescope."),
        (
            "Zoë, Alan Turing",
            "Zoë is in the file and not on Gradescope; Ada Lovelace is on Gradescope and not in the file.",
        ),
    ],
)
def test_whose_team_is_another_one(tmp_path, written, why):
    one = roster_entry("one", "Ada Lovelace", "Alan Turing")
    notices = found(made(tmp_path, one, answers=f"Team: {written}\n\n## {WORDY.part} {WORDY.title}\n\nA word.\n"))
    assert [notice.why for notice in notices] == ([why] if why else [])


def test_a_folders_name_is_no_student(tmp_path):
    from harness.classroom.roster import Person

    one = RosterEntry("one", Path("one"), (Person("pset2_final"),))
    assert found(made(tmp_path, one, answers=f"Team: Ada\n\n## {WORDY.part} {WORDY.title}\n\nA word.\n")) == []


def test_who_has_handed_in_nothing(tmp_path):
    (notice,) = found(made(tmp_path / "a", roster_entry("one"), pdf=False, status=Status.REFUSED))
    assert notice.kind is Kind.NOTHING
    assert found(made(tmp_path / "b", roster_entry("one"), status=Status.REFUSED)) == []


def test_what_was_marked_on_another_text(tmp_path):
    folder = made(tmp_path, roster_entry("one"), answers=f"## {WORDY.part} {WORDY.title}\n\nA word.\n")
    MarkStore(folder).save("Grace", "one", WORDY.id, Saved(digest=Material(folder).digest("one", WORDY.id)), 0)
    assert found(folder) == []
    (Journal(folder).work("one") / "answers.md").write_text(f"## {WORDY.part} {WORDY.title}\n\nAnother word.\n")
    (notice,) = found(folder)
    assert notice.kind is Kind.CHANGED
    assert notice.why == f"Changed after marking, and to be marked again: {WORDY.id}."


def test_what_could_not_be_read_lacks_nothing(tmp_path):
    assert found(made(tmp_path, roster_entry("one"), pdf=False, status=Status.FAULT)) == []


def test_a_hostile_team_is_printable(tmp_path):
    text = f"Team: {HOSTILE}\n\n## {WORDY.part} {WORDY.title}\n\nA word.\n"
    (notice,) = found(made(tmp_path, roster_entry("one"), answers=text))
    assert notice.why.isprintable()
