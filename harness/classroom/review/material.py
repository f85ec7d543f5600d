"""The material of each submission for markers: answers, figures, facts, verdicts and the PDF."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from harness.base.untrusted import UnreadableError, read_bytes
from harness.classroom.journal import Journal, JournalError
from harness.classroom.marking.events import digest
from harness.classroom.review.images import SUFFIXES, picture
from harness.classroom.review.markdown import Remark, Rendered, render
from harness.classroom.review.names import code_names, label
from harness.classroom.roster import Person, load_roster
from harness.facts import Fact, compare, of_question
from harness.gradebook import Reason
from harness.numbers import is_test, part_of
from harness.problem import Question, problem
from harness.reports.text import plain
from harness.submission.answers import QUESTIONS, Answer, Answers, parse

__all__ = ["Beside", "Material", "Submission", "Verdict"]

MAX_FIGURES = 40
MAX_REPORT = 64 << 20
MAX_ANSWERS = 8 << 20
MAX_PDF = 64 << 20
SOURCES = {"measured": "Measured by the grader", "record": "From the student's record", "verdict": "From tests"}
"""The headings over facts, in their order."""
QUICK = "the record is of a quick run: not comparable"
_LOG = logging.getLogger(__name__)
Value = TypeVar("Value")


class Verdict(msgspec.Struct, frozen=True):
    """The outcome of an automatic test."""

    number: str
    title: str
    score: float
    maximum: float
    state: str
    output: str
    reason: str = ""
    """The reason why points are missing; empty if none are, or in a report of an older batch."""

    @property
    def called(self) -> str:
        """The state for people, who may not have implemented anything for a test of results."""
        return "no results yet" if self.reason == Reason.NO_RESULTS.value else self.state


@dataclass(frozen=True)
class Beside:
    """A fact beside an answer, compared with the answer's numbers."""

    name: str
    value: str
    source: str
    """The heading of the fact's group."""
    verdict: str = ""
    """The comparison: ``agrees``, ``contradicts``, ``incomparable``, or empty if the answer has no such number."""
    claimed: str = ""
    """The number in the answer."""


@dataclass(frozen=True)
class Submission:
    """A submission as markers see it."""

    id: str
    code: str
    people: tuple[Person, ...]

    @property
    def label(self) -> str:
        return label(self.code)

    @property
    def names(self) -> str:
        return plain(", ".join(person.name for person in self.people) or self.id)

    @cached_property
    def hide(self) -> re.Pattern[str] | None:
        """Texts that would reveal to a marker who wrote an answer."""
        known = {self.id}
        for person in self.people:
            known |= {person.name, person.email, person.sid, person.email.partition("@")[0]}
        words = sorted((re.escape(word.strip()) for word in known if len(word.strip()) > 3), key=len, reverse=True)
        return re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)", re.IGNORECASE) if words else None


class Material:
    """The folder of a batch. Files are read on demand, and again when they change."""

    def __init__(self, folder: Path) -> None:
        """
        Raises:
            JournalError: no batch has left its grades there.
        """
        self.folder = folder
        self.journal = Journal(folder)
        if not self.journal.exists:
            raise JournalError(f"{folder} holds no grades: grade the class first, with batch.")
        self.questions = {one.id: one for one in problem().question}
        self._read: dict[tuple[str, str], tuple[object, Any]] = {}

    # ---- submissions -------------------------------------------------------------------------------------------

    @property
    def submissions(self) -> dict[str, Submission]:
        """All submissions by their id."""
        return self._kept("submissions", "", [self.folder / "journal.jsonl", self.folder / "roster.json"], self._list)

    @property
    def by_code(self) -> dict[str, Submission]:
        """All submissions by their code name."""
        return {one.code: one for one in self.submissions.values()}

    def _list(self) -> dict[str, Submission]:
        people: dict[str, tuple[Person, ...]] = {}
        if (self.folder / "roster.json").is_file():
            people = {roster_entry.id: roster_entry.people for roster_entry in load_roster(self.folder)}
        ids = sorted({*self.journal.entries(), *people})
        codes = code_names(ids)
        return {id: Submission(id, codes[id], people.get(id, ())) for id in ids}

    # ---- answers -----------------------------------------------------------------------------------------------

    def answer(self, id: str, question: str) -> Answer | None:
        """The written answer to a question; None for a figure, or if nothing was written."""
        answers = self._answers(id)
        found = {of.id: one for of, one in zip(QUESTIONS, answers.answers, strict=True)} if answers else {}
        return found.get(question)

    def elsewhere(self, id: str, question: str) -> list[Answer]:
        """Texts of the same part under headings that belong to no question."""
        answers = self._answers(id)
        part = self.questions[question].part
        return [one for one in answers.others if one.part == part and one.text] if answers else []

    def _answers(self, id: str) -> Answers | None:
        path = self.work(id) / "answers.md"

        def read() -> Answers | None:
            try:
                return parse(read_bytes(path, MAX_ANSWERS).decode(errors="replace"))
            except UnreadableError:
                return None

        return self._kept("answers", id, [path], read)

    def shown(self, submission: Submission, answer: Answer, claims: Sequence[Remark], blind: bool) -> Rendered:
        """Render an answer as HTML."""

        def address(source: str) -> str | None:
            _, results, rest = source.rpartition("results/")
            for name in (source, results + rest):  # answers may have been written in another folder
                if self.picture_path(submission.id, name) is not None:
                    return f"/picture/{submission.code}/{name}"
            return None

        return render(answer.text, answer.limit, claims, address, submission.hide if blind else None)

    def is_empty(self, id: str, question: str) -> bool:
        """Whether there is nothing to mark: no words, no figure of the part, and no PDF."""
        answer = self.answer(id, question)
        written = answer is not None and answer.answered
        part = self.questions[question].part
        return not written and not self.figures(id, part) and not self.elsewhere(id, question) and not self.pdf(id)

    def digest(self, id: str, question: str) -> str:
        """A digest of what is marked: the text, the PDF without a text, or the figures of a figure-only question."""
        if not self.questions[question].figure_only:
            answer = self.answer(id, question)
            texts = [answer.text if answer else "", *(one.text for one in self.elsewhere(id, question))]
            path = self.pdf(id)
            if path is not None and not any(texts):  # the PDF is what is marked
                return self._kept("digest", id, [path], lambda: digest(path.read_bytes()))
            return digest(*(text.encode(errors="replace") for text in texts))
        paths = [self.work(id) / name for name in self.figures(id, self.questions[question].part)]
        return self._kept(f"digest {question}", id, paths, lambda: digest(*(_bytes(path) for path in paths)))

    # ---- files -------------------------------------------------------------------------------------------------

    def work(self, id: str) -> Path:
        """The folder with a submission's material."""
        return self.folder / "work" / id

    def figures(self, id: str, part: str) -> list[str]:
        """The figures of a part, by their path in the folder."""
        place = self.work(id) / "results" / part

        def read() -> list[str]:
            found = sorted(path for path in place.glob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
            return [f"results/{part}/{path.name}" for path in found[:MAX_FIGURES]]

        return self._kept(f"figures {part}", id, [place], read)

    def not_handed_in(self, id: str, question: Question) -> list[str]:
        """Sentences on missing results of the part that other submissions have."""
        said = []
        if not self.figures(id, question.part) and (question.figure_only or self._have(f"{question.part}/*.[pj]*g")):
            said.append(f"The submission has no figure for {question.part}.")
        record = f"{question.part}/record.json"
        if not (self.work(id) / "results" / record).is_file() and self._have(record):
            said.append(f"The submission has no record for {question.part}.")
        return said if self.pdf(id) else [*said, "The submission has no PDF."]

    def _have(self, pattern: str) -> bool:
        """Whether any submission has such a result."""
        work = self.folder / "work"
        return self._kept(pattern, "", [work], lambda: any(work.glob(f"*/results/{pattern}")))

    def picture_path(self, id: str, name: str) -> Path | None:
        """A picture's path, or None if it isn't in the submission's own folder."""
        root = self.work(id).resolve()
        try:
            path = (root / name).resolve()
            good = path.is_relative_to(root) and path.suffix.lower() in SUFFIXES and path.is_file()
        except (OSError, ValueError):
            return None
        return path if good else None

    def picture(self, id: str, name: str) -> tuple[bytes, str] | None:
        """A picture's bytes and media type; None if there is none that is safe for a browser."""
        path = self.picture_path(id, name)
        return picture(path) if path is not None else None

    def pdf(self, id: str) -> Path | None:
        """The submitted PDF, or None."""
        path = self.work(id) / "writeup.pdf"
        return path if path.is_file() and not path.is_symlink() and path.stat().st_size <= MAX_PDF else None

    # ---- what the grader knows ---------------------------------------------------------------------------------

    def verdicts(self, id: str, part: str | None = None) -> list[Verdict]:
        """The outcomes of the automatic tests of a part, or of all parts."""
        path = self.journal.report(id)
        found = self._kept("verdicts", id, [path], lambda: list(_verdicts(path)))
        return [one for one in found if part is None or part_of(one.number) == part]

    def facts(self, id: str, question: str, text: str) -> tuple[list[Beside], list[Remark]]:
        """The facts of a question compared with the answer, and the answer's numbers for which there are facts."""
        paths = [self.work(id) / "facts.json", self.work(id) / "answers.md"]
        return self._kept(f"beside {question}", id, paths, lambda: _beside(paths[0], question, text))

    def _kept(self, what: str, id: str, paths: Iterable[Path], read: Callable[[], Value]) -> Value:
        """Cache a value that was read from files, until they change."""
        now = tuple(map(_stamp, paths))
        known = self._read.get((what, id))
        if known is not None and known[0] == now:
            value: Value = known[1]
            return value
        value = read()
        self._read[what, id] = (now, value)
        return value

    def question(self, id: str) -> Question | None:
        return self.questions.get(id)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _bytes(path: Path) -> bytes:
    found = picture(path)
    return found[0] if found is not None else b""


def _facts(path: Path) -> list[Fact]:
    try:
        return msgspec.json.decode(read_bytes(path, MAX_REPORT), type=list[Fact])
    except (UnreadableError, msgspec.MsgspecError):
        return []


def _beside(path: Path, question: str, text: str) -> tuple[list[Beside], list[Remark]]:
    facts = list(of_question(_facts(path), question))
    said: dict[Fact, tuple[str, str]] = {}
    remarks = []
    quick = any(_is_quick(fact) for fact in facts)
    try:
        claims = compare(text[:MAX_REPORT], facts)
    except Exception:  # an answer that can be read is marked without help
        _LOG.exception("The numbers of an answer can't be compared with the facts.")
        claims = []
    for claim in claims:
        if claim.fact is None or claim.verdict == "neither":
            continue
        start, end = claim.number.start, claim.number.end
        shown = f"{claim.fact.name}: {_shown(claim.fact)}"
        verdict, why = str(claim.verdict), f"agrees: {shown}"
        if verdict == "contradicts":
            why = f"the answer says {text[start:end]}; {SOURCES[claim.fact.source].lower()}: {shown}"
            if quick and claim.fact.source == "record":
                verdict, why = "incomparable", f"{why}; {QUICK}"
        remarks.append(Remark(start, end, verdict, why))
        if said.get(claim.fact, ("", ""))[0] != "contradicts":
            said[claim.fact] = (verdict, text[start:end])
    beside = [
        Beside(fact.name, _shown(fact), SOURCES[fact.source], *(plain(part) for part in said.get(fact, ("", ""))))
        for fact in sorted(facts, key=lambda fact: (list(SOURCES).index(fact.source), fact not in said))
    ]
    return beside, remarks


def _is_quick(fact: Fact) -> bool:
    """Whether a fact says that the record comes from another profile than the full one."""
    return fact.source == "record" and fact.name.startswith("profile") and fact.value != "full"


def _shown(fact: Fact) -> str:
    return plain(fact.value) if isinstance(fact.value, str) else fact.shown


def _verdicts(path: Path) -> Iterable[Verdict]:
    try:
        tests = json.loads(read_bytes(path, MAX_REPORT))["tests"]
    except (UnreadableError, ValueError, KeyError, TypeError):
        return
    for test in tests if isinstance(tests, list) else ():
        try:
            data = test.get("extra_data", {})
            state, reason = str(data.get("state", test["status"])), str(data.get("reason", ""))
            title, output = plain(str(test["name"])), plain(str(test.get("output", "")))
            score, maximum = float(test["score"]), float(test["max_score"])
            if is_test(test["number"]):
                yield Verdict(test["number"], title, score, maximum, state, output, reason)
        except (AttributeError, KeyError, TypeError, ValueError):
            continue  # a row about something else
