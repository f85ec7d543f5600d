"""Make the zip to submit: the write-up, the notebook, the logs of AI tools, the code and the results."""

from __future__ import annotations

import json
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from course.records import FILE, MODULES, PARTS, Record
from harness.base.untrusted import UnreadableError, read_bytes
from harness.problem import problem

__all__ = ["Package", "ascii_name", "file_stem", "notebook_remarks", "notebook_texts", "pack"]

DATE = (2025, 1, 1, 0, 0, 0)
"""The date of every file, so that the same files make the same zip."""
CODE = tuple(f"{module}.py" for module in dict.fromkeys(module for modules in MODULES.values() for module in modules))
MAX_CODE = 4 << 20
MAX_CHECKPOINT = 100 << 20
MAX_ATTACHMENT = 100 << 20
MAX_STEM = 150
#: Gradescope's limit for all files of a submission.
MAX_UPLOAD = 100_000_000
#: Letters that Unicode doesn't decompose into a plain letter and an accent.
LETTERS = str.maketrans({
    "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ð": "d",
    "Ð": "D", "þ": "th", "Þ": "Th", "ł": "l", "Ł": "L", "ı": "i", "ħ": "h", "Ħ": "H",
})  # fmt: skip


def ascii_name(name: str) -> str:
    """A name as letters and digits for a file name:

    ``Zoë Müller`` is ``ZoeMuller``; empty where a name has none of them.
    """
    decomposed = unicodedata.normalize("NFKD", name.translate(LETTERS))
    return "".join(character for character in decomposed if character.isascii() and character.isalnum())[:40]


def file_stem(team: Sequence[str]) -> str:
    """The course's file name for submissions, without its ending: ``CS2420_PSet2_AdaLovelace_ZoeMuller``."""
    return "_".join([problem().problem.stem, *filter(None, map(ascii_name, team))])[:MAX_STEM].rstrip("_")


@dataclass
class Package:
    """The content of the zip."""

    student: Path
    results: Path
    records: dict[str, Record]
    pdf: Path
    notebook: Path | None = None
    ai_logs: Sequence[Path] = ()
    remarks: list[str] = field(default_factory=list)
    """One sentence for each thing that could not be packed."""


def pack(package: Package, path: Path) -> int:
    """Write the zip atomically, and return its size in bytes."""
    unfinished = path.with_name(f"{path.name}.part")
    try:
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in _entries(package):
                entry = zipfile.ZipInfo(name, DATE)
                entry.external_attr = 0o100644 << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, data)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    size = path.stat().st_size
    if size > MAX_UPLOAD:
        package.remarks.append(
            f"{path.name} has {size / 1e6:.0f} MB, and Gradescope takes {MAX_UPLOAD / 1e6:.0f} MB: hand in the results "
            "in another way, as the course staff says."
        )
    return size


def _entries(package: Package) -> Iterator[tuple[str, bytes]]:
    """The names and contents of the zip's files, in their order."""
    yield package.pdf.name, package.pdf.read_bytes()
    if package.notebook is not None:
        yield from _attached(package, [("", package.notebook)])
    yield from _attached(package, _named_apart(package.ai_logs))
    for name in (*CODE, "answers.md"):
        path = package.student / name
        try:
            yield f"student/{name}", read_bytes(path, MAX_CODE)
        except UnreadableError as error:
            package.remarks.append(f"{error}: student/{name} is not in the zip.")
    for part in PARTS:
        if (record := package.records.get(part)) is not None:
            yield from _results(package, record)


def _attached(package: Package, files: Iterable[tuple[str, Path]]) -> Iterator[tuple[str, bytes]]:
    for folder, path in files:
        try:
            yield f"{folder}{path.name}", read_bytes(path.resolve(), MAX_ATTACHMENT)
        except UnreadableError as error:
            package.remarks.append(f"{error}: {path} is not in the zip.")


def _named_apart(files: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """A folder for each log, so that two with the same name don't collide."""
    seen: set[str] = set()
    for number, path in enumerate(files, start=1):
        yield ("ai-logs/" if path.name not in seen else f"ai-logs/{number}/"), path
        seen.add(path.name)


def _results(package: Package, record: Record) -> Iterator[tuple[str, bytes]]:
    """A part's record and the checkpoints that it names, which the grader needs. Figures are in the PDF."""
    folder = package.results / record.part
    names = [run.checkpoint.file for run in record.runs if run.checkpoint is not None]
    for name in dict.fromkeys([FILE, *names]):
        if not re.fullmatch(r"\w[\w.-]*", name):
            continue
        try:
            yield f"results/{record.part}/{name}", read_bytes(folder / name, MAX_CHECKPOINT)
        except UnreadableError as error:
            package.remarks.append(
                f"{error}: run {record.part} again, since the zip has no results/{record.part}/{name}."
            )


def notebook_texts(path: Path) -> list[str]:
    """The text cells of a notebook; empty if it can't be read."""
    try:
        cells = json.loads(read_bytes(path.resolve(), MAX_ATTACHMENT))["cells"]
        return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    except (UnreadableError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []


def notebook_remarks(path: Path) -> list[str]:
    """A sentence for each thing that a reader of the notebook would miss."""
    try:
        cells = json.loads(read_bytes(path.resolve(), MAX_ATTACHMENT))["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code" and "".join(cell["source"]).strip()]
        run = [cell for cell in code if cell.get("outputs") or cell.get("execution_count")]
    except UnreadableError as error:
        return [f"{error}: name the notebook with --notebook."]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return [f"{path.name} is not a notebook that can be read: open it in Jupyter and save it again."]
    if len(run) < len(code):
        return [
            f"{path.name} has {len(code) - len(run)} of {len(code)} code cells that were not run: run all cells and "
            "save it, since the course asks for all outputs."
        ]
    return []
