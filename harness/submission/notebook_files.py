"""Read the notebooks of a submission, and scripts that were notebooks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.base.untrusted import UnreadableError, read_bytes
from harness.submission import answers
from harness.submission.cells import Cell, NotebookError, read_cells, read_notebook, read_script
from harness.submission.file_search import FoundFiles, read_text, text_of
from harness.submission.filenames import is_notebook, module_meant, shown
from harness.submission.notebook import Module, helpers_of, modules_of
from harness.submission.required_names import DEFINES, FILES

__all__ = ["NotebookFile", "read_notebooks", "scripts"]

MAX_NOTEBOOK = 50 << 20
MAX_NOTEBOOKS = 5
MAX_LOOKED_AT, MAX_SCRIPTS = 200, 10


@dataclass
class NotebookFile:
    """A notebook, or a script, with the modules made from it."""

    path: Path
    cells: tuple[Cell, ...]
    modules: dict[str, Module]
    notes: list[str]
    answers: str = ""

    @property
    def helpers(self) -> dict[str, Module]:
        """The other Python files that the notebook writes, by path."""
        return helpers_of(self.cells)

    @property
    def names(self) -> int:
        return sum(len(module.written) for module in self.modules.values())


def read_notebooks(found: FoundFiles) -> tuple[list[NotebookFile], list[str]]:
    """Read all notebooks. Also return a sentence for each that can't be read."""
    books: list[NotebookFile] = []
    problems: list[str] = []
    files = [file for file in found.files if is_notebook(file.name)]
    for file in sorted(files, key=lambda file: file.suffix != ".ipynb")[:MAX_NOTEBOOKS]:
        if file.suffix != ".ipynb":
            name = re.sub(r"(?i)\.ipynb.*", ".ipynb", file.name)
            found.notes.append(f"{shown(file.name)} was read as a notebook: rename it to {shown(name)}.")
        try:
            notebook = read_notebook(text_of(read_bytes(found.root / file, MAX_NOTEBOOK)))
            cells = read_cells(notebook)
            modules, notes = modules_of(cells)
            texts = [cell.source for cell in notebook.cells if cell.get("cell_type") == "markdown"]
            books.append(NotebookFile(file, cells, modules, notes, answers.of_cells(texts)))
        except UnreadableError as error:
            problems.append(f"{error}: clear the outputs of cells that print much, and save it again.")
        except NotebookError as error:
            name = shown(file.as_posix())
            problems.append(f"{name} {error}; save it again from Jupyter or Colab (File, Download .ipynb).")
    if len(files) > MAX_NOTEBOOKS:
        problems.append(f"Only {MAX_NOTEBOOKS} of {len(files)} notebooks were looked at: hand in one.")
    return books, problems


def scripts(found: FoundFiles, folder: Path | None, lacking: Sequence[str]) -> dict[str, NotebookFile]:
    """Find the script for each missing module, by the module's file name. Exactly one script must define its names.

    Colab saves a notebook as a script, and some students name a module ``part2.py``.

    Args:
        folder: the folder with the modules, in which scripts are searched; None if there is none.
    """
    books: list[NotebookFile] = []
    files = [file for file in found.files if file.suffix == ".py" and folder in (None, file.parent)]
    for file in files[:MAX_LOOKED_AT] if lacking else ():
        if file.name in FILES or module_meant(file.name) or len(books) >= MAX_SCRIPTS:
            continue
        text = read_text(found.root / file)
        if DEFINES.search(text):
            cells = read_script(text, shown(file.name))
            books.append(NotebookFile(file, cells, *modules_of(cells)))
    taken: dict[str, NotebookFile] = {}
    for file_name in lacking:
        able = [book for book in books if book.modules[file_name[:-3]].written]
        if len(able) == 1:
            taken[file_name] = able[0]
        elif able:
            names = ", ".join(shown(book.path.as_posix()) for book in able)
            found.notes.append(f"{names} could each be {file_name}, so none was graded: rename one to {file_name}.")
    for book in {id(book): book for book in taken.values()}.values():
        given = ", ".join(file_name for file_name, one in taken.items() if one is book)
        found.notes.append(f"{shown(book.path.as_posix())} was graded as {given}: hand in those, or the notebook.")
    return taken
