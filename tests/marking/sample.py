"""A batch's folder as marking finds it, with students, answers, figures, facts and reports that are made up.

python -m tests.marking.sample FOLDER 12        writes one to look at
"""

from __future__ import annotations

import json
import random
import struct
import sys
import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from harness.catalog import read_suites
from harness.classroom.journal import Entry, Header, Journal, Status
from harness.classroom.roster import Person, RosterEntry, write_roster
from harness.facts import Fact
from harness.gradebook import State
from harness.numbers import part_of
from harness.problem import Question, problem
from harness.submission.answers import QUESTIONS

__all__ = ["PEOPLE", "png", "write_sample"]

PEOPLE = ("Ada Lovelace", "Alan Turing", "Grace Hopper", "Edsger Dijkstra", "Barbara Liskov", "Donald Knuth")
TEXTS = (
    "The rate 0.1 is **best**: it reaches 71.2 % in 12 epochs. With 0.01 the loss falls too slowly, and with 1.0 it "
    "jumps about and ends at 12.5 %.\n\n- small: slow\n- large: diverges",
    "With $\\eta = 0.1$ the test accuracy at learning rate 0.1 is 65.0 %.\n\n"
    "| rate | accuracy |\n|---|---|\n| 0.01 | 52.3 % |\n| 0.1 | 71.2 % |\n",
    "It is the second one, because it works better than the others. " * 12,
    "See the figure: `lr=0.1` wins, since its loss is lowest after every epoch.",
    "",
)


@cache
def png(width: int, height: int, value: int = 200) -> bytes:
    """A gray picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes(value if (x * 7 + y * 3) % 40 else 90 for x in range(width)) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def write_sample(folder: Path, count: int, texts: Mapping[str, Mapping[str, str]] | None = None) -> Path:
    """A folder of grades of so many submissions, ``s0``, ``s1`` and so on.

    Args:
        texts: answers by submission and question, in the place of those that are made up.
    """
    journal = Journal(folder)
    journal.begin(Header(1, "submissions"))
    chance = random.Random(7)
    roster_entries = []
    for number in range(count):
        id = f"s{number}"
        name = PEOPLE[number % len(PEOPLE)] if number < len(PEOPLE) else f"Student Number{number}"
        roster_entries.append(
            RosterEntry(id, folder / id, (Person(name, f"80{number:04}", f"student{number}@example.edu"),))
        )
        scores, tests = _report(chance)
        report = {"score": sum(scores.values()), "tests": tests, "extra_data": {"seed": 1}}
        states = dict.fromkeys(scores, State.PASSED)
        entry = Entry(id, Status.GRADED, "key", scores=scores, states=states)
        journal.add(entry, json.dumps(report), "<p>A report</p>", {})
        _write_work(folder / "work" / id, number, name, (texts or {}).get(id, {}))
    write_roster(folder, roster_entries)
    return folder


def _report(chance: random.Random) -> tuple[dict[str, float], list[dict[str, Any]]]:
    scores, rows = {}, []
    for test in read_suites():
        passed = chance.random() < 0.8
        scores[test.number] = test.points if passed else 0.0
        rows.append(
            {
                "number": test.number,
                "name": test.title,
                "score": scores[test.number],
                "max_score": test.points,
                "status": "passed" if passed else "failed",
                "output": "" if passed else f"Expected something else in part {part_of(test.number)}.",
                "output_format": "text",
                "visibility": "visible",
                "extra_data": {"state": "passed" if passed else "failed", "seconds": 0.1},
            }
        )
    return scores, rows


def _write_work(work: Path, number: int, name: str, texts: Mapping[str, str]) -> None:
    """Answers, figures and facts. Every fifth submission has nothing at all."""
    if number % 5 == 4 and not texts:
        return
    work.mkdir(parents=True, exist_ok=True)
    answers = [f"Team: {name}\n\nAI tools: none\n"]
    for place, question in enumerate(QUESTIONS):
        text = texts.get(question.id, TEXTS[(number + place) % len(TEXTS)])
        answers.append(f"## {question.part} {question.title} ({question.words or 100})\n\n{text}\n")
    (work / "answers.md").write_text("\n".join(answers), encoding="utf-8")
    for part in ("1.1", "3.2", "4.2"):
        figures = work / "results" / part
        figures.mkdir(parents=True, exist_ok=True)
        (figures / "accuracy.png").write_bytes(png(320, 200, 190 + number % 50))
    (work / "facts.json").write_bytes(msgspec.json.encode(_facts(problem().question[0])))


def _facts(question: Question) -> list[Fact]:
    return [
        Fact(question.id, "test accuracy at learning rate 0.01", 52.3, "%", "record", 0.05),
        Fact(question.id, "test accuracy at learning rate 0.1", 71.2, "%", "measured", 0.05),
        Fact(question.id, "epochs", 12, "epochs", "record", 0),
        Fact(question.id, "total running time", 83.4, "s", "record", 0.05),
        Fact(question.id, "the best learning rate", "0.1", "", "verdict"),
    ]


if __name__ == "__main__":
    write_sample(Path(sys.argv[1]), int(sys.argv[2]))
