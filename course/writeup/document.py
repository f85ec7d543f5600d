"""The content of the write-up as data for ``template.typ``: answers, figures and tables, part by part."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from course.experiments.report import MAX_PICTURE, cell, duration, numeric_columns, plain
from course.experiments.runner import EXPERIMENTS
from course.records import PARTS, Record, RecordError, Run, Table, read
from course.writeup.markdown import Reader, breakable
from harness.base.untrusted import UnreadableError, read_bytes
from harness.numbers import lies_in
from harness.problem import problem
from harness.submission.answers import Answer, Answers

__all__ = ["Pictures", "document", "read_records"]

CHAPTERS = {
    "1": "Training a ConvNet on CIFAR-10",
    "2": "Post-training quantization",
    "3": "Pruning",
    "4": "Parameter-efficient fine-tuning",
    "5": "The transformer",
    "6": "Depthwise separable convolution",
}
TITLE = problem().problem.name
MAX_ROWS = 60
"""The most rows of a table; no table of the experiments has more than 10."""
MAX_COLUMNS = 12
MAX_FIGURES = 10
#: The first bytes of picture files, by their ending.
MAGIC = {"pdf": b"%PDF-", "png": b"\x89PNG\r\n\x1a\n", "jpg": b"\xff\xd8\xff"}
Format = Literal["pdf", "png", "jpg"]

Node = dict[str, Any]


@dataclass
class Pictures:
    """Copies of pictures for the typesetter, under new names.

    Args:
        sets: whether the typesetter can set a picture of this name and content.
    """

    folder: Path
    sets: Any
    count: int = 0

    def add(self, path: Path, kinds: Sequence[Format]) -> str | None:
        """The name of a picture's copy; None if the file is missing or can't be typeset."""
        for kind in kinds:
            try:
                data = read_bytes(path, MAX_PICTURE)
            except UnreadableError:
                return None
            if not data.startswith(MAGIC[kind]):
                continue
            name = f"picture-{self.count + 1}.{kind}"
            (self.folder / name).write_bytes(data)
            if self.sets(name):
                self.count += 1
                return name
            (self.folder / name).unlink()
        return None


def read_records(results: Path) -> tuple[dict[str, Record], list[str]]:
    """The records of a folder of results by part, and a sentence for each that can't be used."""
    found: dict[str, Record] = {}
    remarks = []
    for part in PARTS:
        folder = results / part
        if not folder.is_dir() or folder.is_symlink():
            continue
        try:
            record = read(folder)
        except RecordError as error:
            remarks.append(f"{plain(str(error))}: run it again, python run_experiments.py {part}.")
            continue
        if record.part == part:
            found[part] = record
        else:
            remarks.append(f"The record in {folder} is that of another part: run {part} again.")
    return found, remarks


def document(
    answers: Answers, records: dict[str, Record], results: Path, reader: Reader, pictures: Pictures
) -> dict[str, Any]:
    """Make the document, and copy its pictures."""
    chapters = []
    for number, title in CHAPTERS.items():
        sections = []
        for part in PARTS:
            if not lies_in(part, number):
                continue
            asked = [answer for answer in answers.answers if answer.part == part]
            others = [answer for answer in answers.others if answer.part == part]
            record = records.get(part)
            if not (asked or others or record):
                continue
            section: Node = {
                "part": part,
                "title": breakable(record.title) if record else EXPERIMENTS[part].title,
                "answers": [_answer(answer, reader) for answer in [*asked, *others]],
            }
            section.update(_results(record, results, pictures) if record else {"remark": _not_run(part)})
            sections.append(section)
        chapters.append({"number": number, "title": title, "sections": sections})
    return {
        "title": TITLE,
        "team": [breakable(name) for name in answers.team],
        "chapters": chapters,
        "ai_tools": reader.read(answers.ai_tools) if answers.ai_tools.strip() else [],
    }


def _not_run(part: str) -> str:
    return f"No results yet: python run_experiments.py {part} makes them."


def _answer(answer: Answer, reader: Reader) -> Node:
    return {
        "title": breakable(answer.title),
        "words": answer.words,
        "limit": answer.limit,
        "over": answer.over,
        "points": f"{answer.points} {'point' if answer.points == 1 else 'points'}" if answer.points else "",
        "asks": answer.asks,
        "missing": answer.is_missing,
        "blocks": reader.read(answer.text) if answer.answered else [],
    }


# ---- results -------------------------------------------------------------------------------------------------------


def _results(record: Record, results: Path, pictures: Pictures) -> Node:
    """The content from a record: figures, tables, and remarks on them."""
    made = f"{breakable(record.profile[:20]).capitalize()} profile, seed {record.seed}."
    stand_ins = " ".join(_sentence(text) for text in record.stand_ins)
    behind = " ".join(filter(None, (made, plain(stand_ins))))
    figures = []
    for name, caption in list(record.figures.items())[:MAX_FIGURES]:
        file = _figure(results / record.part, name, pictures)
        if file is not None:
            caption = re.sub(rf" \(part {re.escape(record.part)}\)\.?$", ".", plain(caption))
            figures.append({"file": file, "caption": f"{_sentence(breakable(caption))} {behind}"})
    runs = [_runs(record)] if any(run.accuracies for run in record.runs) else []
    tables = [{**_table(table), "caption": f"{_sentence(breakable(table.title))} {behind}"} for table in record.tables]
    for table in runs:
        table["caption"] = f"Training, at the last epoch. {behind}"
    remarks = []
    if record.state != "complete":
        remarks.append(f"The results are {record.state}{f': {record.reason}' if record.reason else ''}")
    elif not (figures or tables or runs):
        remarks.append(made)
    return {
        "figures": figures,
        "tables": [*runs, *tables],
        "remark": breakable(" ".join(map(_sentence, remarks))),
        "notes": breakable(" ".join(map(_sentence, record.notes))),
    }


def _figure(folder: Path, name: str, pictures: Pictures) -> str | None:
    """A figure as vector graphics if there is a PDF, and as PNG otherwise."""
    if not re.fullmatch(r"\w[\w.-]*", name) or folder.is_symlink():
        return None
    return pictures.add(folder / f"{name}.pdf", ["pdf"]) or pictures.add(folder / f"{name}.png", ["png"])


def _table(table: Table) -> Node:
    width = min(len(table.columns), MAX_COLUMNS)
    numbers = numeric_columns(table)
    rows = [[breakable(cell(value)) for value in row[:width]] for row in table.rows[:MAX_ROWS]]
    return {
        "columns": [breakable(column) for column in table.columns[:width]],
        "align": ["right" if column in numbers else "left" for column in range(width)],
        "rows": [row + [""] * (width - len(row)) for row in rows],
    }


def _runs(record: Record) -> Node:
    """A table with a row for each run: its epochs and measurements."""
    return {
        "columns": ["run", "epochs", "training loss", "test accuracy (%)", "best (%)", "time"],
        "align": ["left", "right", "right", "right", "right", "right"],
        "rows": [_run(run) for run in record.runs if run.accuracies],
    }


def _run(run: Run) -> list[str]:
    done, planned = len(run.accuracies), run.settings.epochs
    return [
        breakable(run.title),
        f"{done}" if done == planned else f"{done} of {planned}",
        cell(run.last_loss) if run.losses else "",
        f"{100 * run.accuracies[-1]:.2f}",
        f"{100 * max(run.accuracies):.2f}",
        duration(sum(run.seconds)) if run.seconds else "",
    ]


def _sentence(text: str) -> str:
    """A sentence with a full stop."""
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."
