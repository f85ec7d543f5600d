"""Find submissions that need attention, besides those without a grade, with one sentence for each.

Everything is read from the batch's folder. Names, answers and the team are untrusted text of students.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from harness.base.untrusted import UnreadableError, read_bytes
from harness.classroom.journal import Journal, Status
from harness.classroom.marking import Marks, MarkStore
from harness.classroom.review.material import Material
from harness.classroom.roster import Person, RosterEntry, shown
from harness.classroom.totals import Total
from harness.gradebook import Reason, State
from harness.problem import problem
from harness.reports.text import counted, plain
from harness.submission import answers
from harness.submission.material import ANSWERS, WRITE_UP

__all__ = ["Kind", "Notice", "notices_of"]

MAX_ANSWERS = 8 << 20
MOST_NAMED = 5
"""The most names or parts in one sentence."""


class Kind(str, Enum):
    """The reason why a submission needs attention."""

    LATE = "late"
    TWICE = "twice in the table"
    OVER = "over the word limit"
    NO_PDF = "no PDF"
    TEAM = "another team"
    NOTHING = "nothing handed in"
    IMPORT = "can't be imported"
    NO_POINTS = "no points"
    CHANGED = "changed since it was marked"


@dataclass(frozen=True)
class Notice:
    """A submission that needs attention."""

    roster_entry: RosterEntry
    kind: Kind
    why: str
    """One sentence of printable characters."""


def notices_of(folder: Path, found: Sequence[Total]) -> list[Notice]:
    """The notices of a batch, sorted by kind.

    Args:
        found: the totals of all submissions.

    Raises:
        MarkError: the marks can't be read.
    """
    journal = Journal(folder)
    with closing(MarkStore(folder)) as store:
        marks = store.state()
    material = Material(folder)
    names = {total.id: shown(total.roster_entry.name) for total in found if total.roster_entry is not None}
    notices = []
    for total in found:
        if total.roster_entry is None:
            continue
        work = journal.work(total.id)
        pairs = [*_late(total), *_twice(total, names), *_handed_in(total, work)]
        pairs += [*_tests(total, material), *_changed(total.id, marks, material)]
        notices += [Notice(total.roster_entry, kind, plain(why)) for kind, why in pairs]
    order = list(Kind)
    return sorted(notices, key=lambda one: order.index(one.kind))


def _late(total: Total) -> Iterator[tuple[Kind, str]]:
    lateness = total.lateness
    if lateness is not None and lateness.late_by:
        yield Kind.LATE, f"{total.late}."


def _twice(total: Total, names: dict[str, str]) -> Iterator[tuple[Kind, str]]:
    for person, other in total.replaced.items():
        yield (
            Kind.TWICE,
            f"{person.name} is in the submission of {names.get(other, other)} ({other}) too, which counts.",
        )
    for person, others in total.instead_of.items():
        yield Kind.TWICE, f"{person.name} is in {_some(others)} too; this one was handed in last and counts."


def _handed_in(total: Total, work: Path) -> Iterator[tuple[Kind, str]]:
    """The notices from a submission's files: answers, team and PDF."""
    if not work.is_dir() or total.status in (Status.FAULT, Status.WAITING):
        return  # what could not be read lacks nothing
    features = problem().problem.features
    written = _answers(work)
    has_pdf = (work / WRITE_UP).is_file()
    if total.status is Status.REFUSED and written is None and not has_pdf:
        yield Kind.NOTHING, "There is neither code, nor an answer, nor a PDF."
        return
    if "writeup" in features and not has_pdf:
        yield Kind.NO_PDF, "There is no write-up as PDF."
    if written is None:
        return
    over = [
        f"{one.part} {one.title} has {one.words} words, the limit is {one.limit}" for one in written.answers if one.over
    ]
    if over:
        yield Kind.OVER, f"{_some(over)}."
    if "team" in features and total.roster_entry is not None:
        yield from _team(written.team, total.roster_entry.people)


def _answers(work: Path) -> answers.Answers | None:
    try:
        text = read_bytes(work / ANSWERS, MAX_ANSWERS).decode(errors="replace")
    except UnreadableError:
        return None
    return answers.parse(text) if text.strip() else None


def _team(written: Sequence[str], people: Sequence[Person]) -> Iterator[tuple[Kind, str]]:
    """Notices if the answers name other students than Gradescope does. A folder's name isn't a student's name."""
    known = [person for person in people if person.email or person.sid]
    if not written or not known:
        return
    strangers = [name for name in written if not any(_same(name, person.name) for person in known)]
    unnamed = [person.name for person in known if not any(_same(name, person.name) for name in written)]
    said = [f"{_some(strangers)} {_be(strangers)} in the file and not on Gradescope"] if strangers else []
    said += [f"{_some(unnamed)} {_be(unnamed)} on Gradescope and not in the file"] if unnamed else []
    if said:
        yield Kind.TEAM, f"{'; '.join(said)}."


def _same(one: str, other: str) -> bool:
    """Whether two names can belong to one student: the longer one has all words of the shorter one."""
    words, others = _words(one), _words(other)
    return bool(words and others) and (words <= others or others <= words)


def _words(name: str) -> frozenset[str]:
    """The words of a name without accents, in small letters."""
    letters = unicodedata.normalize("NFKD", name).casefold()
    text = "".join(char if char.isalnum() else " " for char in letters if not unicodedata.combining(char))
    return frozenset(text.split())


def _tests(total: Total, material: Material) -> Iterator[tuple[Kind, str]]:
    """A notice if a module can't be imported, or else if no test earned a point."""
    verdicts = material.verdicts(total.id)
    if not verdicts or total.status is Status.REFUSED:
        return
    lost = [one.number for one in verdicts if one.reason == Reason.IMPORT.value]
    if lost:
        verb = "needs" if len(lost) == 1 else "need"
        yield Kind.IMPORT, f"{counted(len(lost), 'test')} {verb} a module that can't be imported: {_some(lost)}."
    elif not any(one.score for one in verdicts):
        tried = any(one.state == State.FAILED.value for one in verdicts)
        yield Kind.NO_POINTS, "No test earned a point." if tried else "Nothing is implemented: the stubs are untouched."


def _changed(id: str, marks: Marks, material: Material) -> Iterator[tuple[Kind, str]]:
    """A notice if answers have changed since they were marked."""
    changed = []
    for question in problem().question:
        mark = marks.mark(id, question.id)
        if mark is not None and mark.digest and mark.digest != material.digest(id, question.id):
            changed.append(question.id)
    if changed:
        yield Kind.CHANGED, f"Changed after marking, and to be marked again: {_some(changed)}."


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def _be(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"
