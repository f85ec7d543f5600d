"""The material of a submission that is marked by hand: answers, the write-up's PDF, figures and records.

The process that gathers code copies it, under the same limits. Every file may be hostile, so none is opened here; the
marking page treats them as untrusted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from harness.base.untrusted import UnreadableError, read_bytes
from harness.numbers import is_part
from harness.submission.cells import Cell
from harness.submission.checklist import write_up
from harness.submission.file_search import FoundFiles

__all__ = ["ANSWERS", "FIGURES", "RECORD", "RESULTS", "WRITE_UP", "collect"]

ANSWERS, WRITE_UP, RESULTS, RECORD = "answers.md", "writeup.pdf", "results", "record.json"
FIGURES = "notebook"
"""The folder with pictures that a notebook has saved: ``3.3-1.png`` is the first one of cell 3.3."""
PNG = b"\x89PNG\r\n\x1a\n"
MAX_PDF = 50 << 20
MAX_PICTURE, MAX_PICTURES = 4 << 20, 60
MAX_RECORD = 4 << 20


def collect(folder: Path, found: FoundFiles, results: Path | None, answers: str, cells: Sequence[Cell] = ()) -> None:
    """Copy the material into a new folder.

    Args:
        results: the folder that run_experiments.py wrote, or None.
        answers: the written answers, as Markdown.
        cells: the notebook's code cells.
    """
    folder.mkdir()
    if answers.strip():
        (folder / ANSWERS).write_text(answers + "\n", encoding="utf-8", errors="replace")
    with suppress(UnreadableError):
        if (pdf := write_up(found.root, found.files)) is not None:
            (folder / WRITE_UP).write_bytes(read_bytes(found.root / pdf, MAX_PDF))
    left = MAX_PICTURES
    for name, data in [*_of_results(results), *_of_cells(cells)]:
        if name.suffix == ".png":
            left -= 1
        if left >= 0:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)


def _of_results(results: Path | None) -> Iterator[tuple[Path, bytes]]:
    """The record and the figures of each part."""
    if results is None:
        return
    with suppress(OSError):
        for part in sorted(one for one in results.iterdir() if is_part(one.name) and not one.is_symlink()):
            with suppress(UnreadableError):
                yield Path(RESULTS, part.name, RECORD), read_bytes(part / RECORD, MAX_RECORD)
            for picture in sorted(part.glob("*.png"))[:MAX_PICTURES]:
                with suppress(UnreadableError):
                    data = read_bytes(picture, MAX_PICTURE)
                    if data.startswith(PNG) and picture.name.isprintable():
                        yield Path(RESULTS, part.name, picture.name), data


def _of_cells(cells: Sequence[Cell]) -> Iterator[tuple[Path, bytes]]:
    """The saved pictures of a notebook's numbered cells."""
    count: dict[str, int] = {}
    for cell in cells:
        for data in cell.pictures if is_part(cell.number) else ():
            if data.startswith(PNG) and len(data) <= MAX_PICTURE:
                count[cell.number] = count.get(cell.number, 0) + 1
                yield Path(FIGURES, f"{cell.number}-{count[cell.number]}.png"), data
