"""``python -m course.writeup``, or ``make writeup``: the PDF of the write-up, and the zip to hand in."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from course.experiments.report import plain
from course.records import MODULES, Record, code_digest
from course.writeup.document import document, read_records
from course.writeup.markdown import Reader
from course.writeup.packing import Package, ascii_name, file_stem, notebook_remarks, notebook_texts, pack
from course.writeup.typesetting import MissingPackageError, Typesetter, TypesettingError, typesetter
from harness.base.untrusted import UnreadableError, read_bytes
from harness.console import run, stop
from harness.submission.answers import Answer, Answers, is_written, of_cells, parse
from harness.submission.checklist import says_no_tools

__all__ = ["main"]

ANSWERS = "answers.md"
MAX_ANSWERS = 2_000_000
#: The folder, in the folder of the code, whose logs of AI tools are always included.
AI_LOGS = "ai-logs"
LOG_ENDINGS = (".txt", ".md", ".pdf", ".log", ".json", ".jsonl", ".html")


class WriteupError(Exception):
    """The write-up can't be made. The text is one sentence that says what to do."""


@dataclass(frozen=True)
class Options:
    """The inputs of the write-up, and the folder for it."""

    student: Path
    results: Path
    notebook: Path | None
    ai_logs: list[Path]
    out: Path


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. Return 0 if a PDF was made, and 2 if not."""
    return run(_command, "python -m course.writeup", arguments)


def _command(
    student: Annotated[Path, typer.Option(help="The folder with answers.md and the code.")] = Path("student"),
    results: Annotated[Path, typer.Option(help="What run_experiments.py left.")] = Path("results"),
    notebook: Annotated[Path | None, typer.Option(help="The notebook, with all outputs saved.")] = None,
    ai_log: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help=f"A log of an AI tool, as text or PDF; those in student/{AI_LOGS}/ are taken without this.",
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="The folder for PDF and zip.")] = Path(),
) -> None:
    """Make the PDF of the write-up, and the zip to hand in."""
    try:
        with typesetter() as sets:
            _make(Options(student, results, notebook, ai_log or [], out), sets)
    except (WriteupError, MissingPackageError) as error:
        stop(str(error))
    except OSError as error:
        stop(f"{out} can't be written ({error.strerror}): name another folder with --out.")


def _make(options: Options, sets: Typesetter) -> None:
    notebook, notebook_says = _notebook(options.notebook, options.student)
    answers = _read_answers(options.student / ANSWERS, notebook)
    records, remarks = read_records(options.results)
    reader, made = _set(answers, records, options, sets)
    stem = file_stem(answers.team)
    options.out.mkdir(parents=True, exist_ok=True)
    pdf = options.out / f"{stem}.pdf"
    unfinished = pdf.with_name(f"{pdf.name}.{os.getpid()}.part")
    try:
        unfinished.write_bytes(made)
        unfinished.replace(pdf)
    finally:
        unfinished.unlink(missing_ok=True)
    print(f"{pdf}: the write-up, {_size(len(made))}.")

    logs, logs_say = _ai_logs(options.ai_logs, options.student, answers)
    remarks = [
        *_about_answers(answers),
        *_about_reading(reader),
        *_about_results(records, remarks, options),
        *notebook_says,
        *logs_say,
    ]
    named = [name for name in answers.team if ascii_name(name)]
    for name in answers.team:
        if name not in named:
            remarks.append(f"{name} has no Latin letters for the file's name: add them, as in “李明 (Li Ming)”.")
    if named:
        package = Package(options.student, options.results, records, pdf, notebook, logs)
        path = options.out / f"{stem}.zip"
        size = pack(package, path)
        print(f"{path}: what to hand in, {_size(size)}.")
        remarks += package.remarks
    else:
        where = options.student / ANSWERS
        remarks.append(f"No zip was made: write the names into {where}, as in “Team: Ada Lovelace, Alan Turing”.")
    for remark in remarks:
        print(f"- {plain(remark)}")


def _read_answers(path: Path, notebook: Path | None) -> Answers:
    """The answers of answers.md, or those of the notebook if answers.md is empty."""
    in_notebook = of_cells(notebook_texts(notebook)) if notebook is not None else ""
    try:
        text = read_bytes(path.resolve(), MAX_ANSWERS).decode("utf-8-sig", "replace")
    except UnreadableError as error:
        if not in_notebook:
            raise WriteupError(f"{error}: name the folder in which {ANSWERS} is with --student.") from None
        text = in_notebook
    return parse(in_notebook if is_written(in_notebook) and not is_written(text) else text)


def _set(answers: Answers, records: dict[str, Record], options: Options, sets: Typesetter) -> tuple[Reader, bytes]:
    """Make the PDF. Also return the reader of its answers."""
    for as_written in (False, True):
        reader = Reader(lambda address: _picture(address, options, sets), as_written=as_written)
        with suppress(TypesettingError):
            return reader, sets.pdf(document(answers, records, options.results, reader, sets.pictures))
    raise WriteupError("The write-up can't be set: tell the course staff, and hand in answers.md itself.")


def _picture(address: str, options: Options, sets: Typesetter) -> str | None:
    """The file of a picture in an answer: a PNG or JPEG in the folder of the code or of the results."""
    try:
        path = (options.student / address).resolve()
        inside = any(path.is_relative_to(folder.resolve()) for folder in (options.student, options.results))
    except (OSError, ValueError, RuntimeError):  # no path at all
        return None
    return sets.pictures.add(path, ["png", "jpg"]) if inside else None


# ---- what is missing, one sentence each ----------------------------------------------------------------------------


def _about_answers(answers: Answers) -> list[str]:
    says = list(answers.remarks)
    for answer in answers.answers:
        if answer.over:
            says.append(f"{_name(answer)} has {answer.words} words, and {answer.limit} are allowed: shorten it.")
    unanswered = [answer for answer in answers.answers if answer.found and answer.is_missing]
    several = {
        answer.part for answer in answers.answers if [one.part for one in answers.answers].count(answer.part) > 1
    }
    if unanswered:
        names = [answer.part + (f" ({answer.title})" if answer.part in several else "") for answer in unanswered]
        says.append(f"Not answered yet: {', '.join(names)}.")
    return says


def _name(answer: Answer) -> str:
    return f"{answer.part} {answer.title}"


def _about_reading(reader: Reader) -> list[str]:
    says = []
    if reader.as_written:
        says.append("The answers could not be set, and are shown as they were written: look for unusual formulas.")
    for latex in dict.fromkeys(reader.unset):
        says.append(f"The formula {latex} is shown as it was written: write it with other commands.")
    for address in dict.fromkeys(reader.missing):
        says.append(f"The image {address} is not shown: put it into the folder of {ANSWERS}, as PNG or JPEG.")
    return says[:20]


def _about_results(records: dict[str, Record], unreadable: list[str], options: Options) -> list[str]:
    if not records and not unreadable:
        return [f"{options.results} has no results: run make experiments, or name another folder with --results."]
    says = list(unreadable)
    if missing := [part for part in MODULES if part not in records]:
        says.append(f"No results of {', '.join(missing)}: run python run_experiments.py.")
    if quick := [part for part, record in records.items() if record.profile != "full" and record.runs]:
        says.append(f"Quick results of {', '.join(quick)} earn no points: run these parts with --profile full.")
    for part, record in records.items():
        for module in MODULES[part]:
            path = options.student / f"{module}.py"
            if path.is_file() and record.student.get(path.name) != code_digest(path):
                says.append(f"The results of {part} were made with another {path.name}: run {part} again.")
    return says


def _notebook(named: Path | None, student: Path) -> tuple[Path | None, list[str]]:
    """The named notebook, or the only one in the folder of the code or beside it."""
    if named is not None:
        if not named.is_file():
            return None, [f"The notebook {named} does not exist: name another one with --notebook."]
        return named, notebook_remarks(named)
    for folder in (student, student.resolve().parent):
        found = sorted(path for path in folder.glob("*.ipynb") if path.is_file())
        if len(found) == 1:
            return found[0], notebook_remarks(found[0])
        if found:
            names = " and ".join(path.name for path in found[:2])
            return None, [f"{folder} has several notebooks, as {names}: name the one to hand in with --notebook."]
    return None, ["The zip has no notebook: name it with --notebook, with all outputs saved."]


def _size(count: int) -> str:
    """A number of bytes in a readable unit."""
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.0f} kB"


def _ai_logs(named: Sequence[Path], student: Path, answers: Answers) -> tuple[list[Path], list[str]]:
    """The named logs, and those in the folder for logs."""
    there = sorted(path for path in (student / AI_LOGS).glob("[!.]*") if path.is_file())
    logs = [path for path in named if path.is_file()] + there
    says = [f"The log {path} does not exist: name another one with --ai-log." for path in named if not path.is_file()]
    for path in logs:
        if path.suffix.lower() not in LOG_ENDINGS:
            says.append(f"{path.name} is neither text nor PDF, which the course asks for: save it as one of them.")
    if not logs and not says_no_tools(answers):
        folder = student / AI_LOGS
        says.append(
            f"The zip has no logs of AI tools: put them into {folder}, or write none after AI tools: in {ANSWERS}."
        )
    return logs, says


if __name__ == "__main__":
    sys.exit(main())
