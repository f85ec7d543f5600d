"""Make the notebook of the problem set: ``make notebook``.

The text and the order of its cells are in the Markdown file ``notebook.md``. Text between two code blocks becomes text
cells, a new one at every heading, and each code block becomes a cell. Expressions ``{{ … }}`` insert text from its only
source: stubs from the modules, the course's code from ``course``, points from the manifest, tests from the suites, and
headings of written answers from ``answers.md``.

A code block's first line has number, role and title of the cell: ```` ```python 3.3 stub: softmax ````. A
block ```` ```answers 3.3 ```` stands for the written answers of a part, a cell each.
"""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import jinja2
import nbformat
import typer
from markdown_it import MarkdownIt
from nbformat import v4

from harness import ROOT
from harness.catalog import read_suites
from harness.console import run, stop, tell
from harness.handout.sources import HandoutError, Source, joined, place, read_source, split
from harness.numbers import PART
from harness.problem import problem
from harness.reports.text import points, unwritable
from harness.submission.cells import KEY
from harness.submission.required_names import MODULES, PROVIDED

__all__ = ["FILE", "build", "main"]

FILE = f"{problem().problem.stem}.ipynb"
TEMPLATE = problem().folder / "notebook.md"
STUBS = ROOT / "student"
ANSWERS = STUBS / "answers.md"
"""The file with the written answers."""
ROLES = ("setup", "provided", "stub", "check", "experiment", "grade")
METADATA: dict[str, Any] = {
    "accelerator": "GPU",
    "colab": {"gpuType": "T4", "name": FILE, "provenance": [], "toc_visible": True},
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


@dataclass(frozen=True)
class Block:
    """A cell of the template."""

    text: str
    number: str = ""
    """The number of a code cell, as ``3.3``, or the part of written answers."""
    role: str = ""
    title: str = ""


@dataclass
class Parts:
    """The functions that a template's ``{{ … }}`` can call."""

    sources: Mapping[str, Source]
    """The modules that fill the stubs."""
    answers: str
    wanted: dict[str, dict[str, int]] = field(default_factory=dict)
    """The names that stub cells contain, by module, with the index of their cell."""
    placed: dict[str, list[int]] | None = None
    """The cell index of each statement, by module; None while names are collected."""
    at: int = 0
    """The index of the cell that is being written."""
    numbers: list[str] = field(default_factory=list)
    """The cells' numbers, by index."""

    def stub(self, *names: str) -> str:
        """The code of names such as ``layers.softmax``, with the other code of their module that is in this cell."""
        (module,) = {name.partition(".")[0] for name in names}
        own = [name.partition(".")[2] for name in names]
        if self.placed is None:
            self.wanted.setdefault(module, {}).update(dict.fromkeys(own, self.at))
            return ""
        statements = self.sources[module].statements
        here = [piece for piece, where in zip(statements, self.placed[module], strict=True) if where == self.at]
        notes = [self._elsewhere(module, name) for name in own if not any(name in piece.defines for piece in here)]
        return "\n".join([*notes, joined(here)]).strip("\n")

    def _elsewhere(self, module: str, name: str) -> str:
        """A comment on the place of a name that isn't in its own cell."""
        assert self.placed is not None
        for piece, where in zip(self.sources[module].statements, self.placed[module], strict=True):
            if name in piece.defines:
                return f"# {name} is in Code Cell {self.numbers[where]}."
        return f"# {self.sources[module].file} has no {name}."

    def imports(self, module: str, *also: str) -> str:
        """All imports of a module, and imports of further names such as ``course.layers.SparseConv2d``."""
        found = self.sources[module].imports
        known = {name for piece in found for name in piece.defines}
        lines: dict[str, list[str]] = {}
        for path in also:
            origin, _, name = path.rpartition(".")
            if name not in known:
                lines.setdefault(origin, []).append(name)
        more = "".join(f"\nfrom {origin} import {', '.join(names)}" for origin, names in lines.items())
        return joined(found) + more

    def about(self, module: str) -> str:
        """The docstring of a module's stub."""
        text = read_source(STUBS / f"{module}.py").docstring
        return text.partition("\n\n")[2].replace("``", "`")

    def points(self, *parts: str) -> str:
        """The points of parts, a line each."""
        known = {part.number: part for part in problem().part}
        texts = []
        for number in parts:
            part = known[number]
            by_hand = part.handout - part.automatic
            where = f"{part.automatic} by tests, {by_hand} by hand" if by_hand else "all by tests"
            texts.append(f"- {number} {part.title}: **{part.handout} points**, {where}")
        return "\n".join(texts)

    def tests(self, part: str) -> str:
        """The titles of a part's tests, folded."""
        shown = [test for test in read_suites() if test.part == part and not test.hidden]
        lines = [f"- {test.number}, {points(test.points)} {_plural(test.points)}: {test.title}" for test in shown]
        (automatic,) = (one.automatic for one in problem().part if one.number == part)
        if later := automatic - sum(test.points for test in shown):
            lines.append(f"- {points(later)} {_plural(later)} more: a test whose result is shown later.")
        return _folded(f"What the tests of {part} look at", "\n".join(lines))

    def source(self, module: str, *names: str) -> str:
        """The course's code in a folded block. ``module`` is a name such as ``course.layers``."""
        file = ROOT / Path(*module.split(".")).with_suffix(".py")
        source = read_source(file, f"{module}.py")
        code = "\n\n\n".join(source.piece(name).text for name in names)
        listed = ", ".join(f"<code>{name}</code>" for name in names)
        return _folded(f"The course's code: {listed}, from <code>{module}</code>", f"```python\n{code}\n```")

    def total(self) -> int:
        """The points of the whole problem set."""
        return problem().handout

    def automatic(self) -> int:
        """The points that tests give."""
        return problem().automatic

    def team(self) -> str:
        """The lines of the answers that name the team and its tools, or one to fill in."""
        head = _sections(self.answers)[0]
        return "\n\n".join(re.findall(r"^(?:Team|AI tools):.*$", head, re.MULTILINE)) or "Team: "


def _plural(count: float) -> str:
    return "point" if count == 1 else "points"


def _folded(summary: str, text: str) -> str:
    return f"<details>\n<summary>{summary}</summary>\n\n{text}\n\n</details>"


def _sections(answers: str) -> list[str]:
    """The text above the first second-level heading, and each such heading with the text below it."""
    lines = answers.split("\n")
    starts = [
        token.map[0] for token in MarkdownIt().parse(answers) if token.tag == "h2" and token.nesting == 1 and token.map
    ]
    bounds = [0, *starts, len(lines)]
    return ["\n".join(lines[one:other]).strip("\n") for one, other in itertools.pairwise(bounds)]


def read_template(text: str) -> list[Block]:
    """The cells of a template.

    Raises:
        HandoutError: a code block doesn't say what it is.
    """
    lines = text.split("\n")
    blocks = []
    done = 0
    for token in MarkdownIt().parse(text):
        if token.level or token.map is None:
            continue
        if token.type == "heading_open":
            blocks.append(Block("\n".join(lines[done : token.map[0]])))
            done = token.map[0]
        elif token.type == "fence":
            blocks.append(Block("\n".join(lines[done : token.map[0]])))
            done = token.map[1]
            described = re.fullmatch(rf"python ({PART}) (\w+): (.+)|(answers) ({PART})", token.info.strip())
            if described is None or described[2] not in (*ROLES, None):
                where = f"notebook.md, line {token.map[0] + 1}"
                raise HandoutError(f"{where}: a code block begins with ```python 3.3 stub: title, not {token.info!r}.")
            number, role, title, answers, part = described.groups()
            blocks.append(Block(token.content.strip("\n"), number or part, role or answers, title or ""))
    blocks.append(Block("\n".join(lines[done:])))
    return [block for block in blocks if block.role or block.text.strip()]


def build(modules: Path, answers: Path | None = None) -> nbformat.NotebookNode:
    """Build the notebook.

    Args:
        modules: a folder with the modules, which fill the stub cells: the stubs of ``student/``, or a solution.
        answers: Markdown whose sections are the written answers. By default, the folder's answers.md or else the blank
            one.

    Raises:
        HandoutError: the modules can't be put into one notebook.
    """
    if not TEMPLATE.is_file():
        folder = problem().place
        raise HandoutError(
            f"{folder}/{TEMPLATE.name} is missing, from which the notebook is made: write it, or delete notebook from "
            f"features in {folder}/problem.toml."
        )
    sources = {module: _read_module(modules / f"{module}.py") for module in MODULES.values()}
    if answers is None:
        answers = modules / "answers.md" if (modules / "answers.md").is_file() else ANSWERS
    blocks = read_template(TEMPLATE.read_text(encoding="utf-8"))
    parts = Parts(sources, answers.read_text(encoding="utf-8"))
    parts.numbers = [block.number for block in blocks]
    list(_rendered(blocks, parts))  # once, to learn where each name belongs
    for module, source in sources.items():
        if not any(name in piece.defines for name in parts.wanted[module] for piece in source.statements):
            raise HandoutError(f"{source.file} has none of {', '.join(parts.wanted[module])}: nothing fills its cells.")
    parts.placed = {module: place(source.statements, parts.wanted[module]) for module, source in sources.items()}
    texts = list(_rendered(blocks, parts))
    _refuse_clashes(
        sources,
        [text for block, text in zip(blocks, texts, strict=True) if block.role in ROLES and block.role != "stub"],
    )
    notebook = v4.new_notebook(metadata=METADATA, cells=list(_cells(blocks, texts, parts)))
    nbformat.validate(notebook)
    return notebook


def _read_module(path: Path) -> Source:
    source = read_source(path)
    for piece in source.imports:
        for origin in piece.defines.values():
            if origin.startswith(".") or origin.partition(".")[0] == "student":
                raise HandoutError(
                    f"{source.file}, line {piece.line}, imports another file of its folder, which a notebook can't: "
                    "move that code into the module."
                )
    for piece in source.statements:
        if shadowed := [name for name in piece.defines if name in PROVIDED]:
            raise HandoutError(
                f"{source.file}, line {piece.line}, defines {shadowed[0]}, and of a notebook the course's is graded: "
                "give it another name."
            )
    return source


def _refuse_clashes(sources: Mapping[str, Source], others: Sequence[str]) -> None:
    """Refuse two definitions of one name, since all modules share their names in a notebook.

    Raises:
        HandoutError: a name is defined twice.
    """
    known: dict[str, tuple[str, set[str]]] = {}
    notebook = split("\n".join(others), "the notebook")
    for source in (notebook, *sources.values()):
        own: dict[str, set[str]] = {}
        for piece in source.pieces:
            for name, what in piece.defines.items():
                own.setdefault(name, set()).add(what)
        for name, meanings in own.items():
            where, before = known.setdefault(name, (source.file, meanings))
            if before != meanings and where != source.file:
                raise HandoutError(
                    f"{where} and {source.file} both define {name}, and a notebook has one of each name: rename one."
                )


def _rendered(blocks: Sequence[Block], parts: Parts) -> Iterator[str]:
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)
    for name in ("stub", "imports", "about", "points", "tests", "source", "total", "automatic", "team"):
        environment.globals[name] = getattr(parts, name)
    for place_of_cell, block in enumerate(blocks):
        parts.at = place_of_cell
        yield environment.from_string(block.text).render().strip("\n")


def _cells(blocks: Sequence[Block], texts: Sequence[str], parts: Parts) -> Iterator[nbformat.NotebookNode]:
    """The cells, each with a stable id that describes it."""
    sections = _sections(parts.answers)[1:]
    places = tuple(f"## {block.number} " for block in blocks if block.role == "answers")
    if other := [section.partition("\n")[0] for section in sections if not section.startswith(places)]:
        raise HandoutError(f"The answers have a heading that the notebook has no place for: {other[0]}.")
    figures = [question for question in problem().question if question.figure_only]
    heading = "top"
    below = 0
    for block, text in zip(blocks, texts, strict=True):
        if block.role == "answers":
            own = [section for section in sections if section.startswith(f"## {block.number} ")]
            if not own:  # answers of an earlier year may go without these
                own = [f"## {one.part} {one.title}" for one in figures if one.part == block.number]
            if not own:
                raise HandoutError(f"The answers have no heading ## {block.number} …: add it, with a title.")
            for section in own:
                title = section.partition("\n")[0]
                source = section if "\n" in section else f"{section}\n\n"
                yield v4.new_markdown_cell(source, id=_id("answer", title), metadata={KEY: {"role": "answer"}})
        elif block.role:
            source = f"# Code Cell {block.number}: {block.title}\n{text}"
            about = {"cell": block.number, "role": block.role}
            yield v4.new_code_cell(source, id=_id("code", block.number), metadata={KEY: about})
        else:
            if text.startswith("#"):
                heading, below = text.partition("\n")[0], 0
            below += 1
            yield v4.new_markdown_cell(text, id=_id("text", heading, str(below) if below > 1 else ""))


def _id(*words: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", " ".join(words).lower()).strip("-")
    return slug[:64].strip("-")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    return run(_make, "python -m harness.handout.notebook", arguments)


def _make(
    modules: Annotated[Path, typer.Option("--from", help="The folder with the modules.")] = STUBS,
    out: Annotated[Path, typer.Option(help="The notebook.")] = Path(FILE),
) -> None:
    """Make the problem set's notebook from the stubs, or from modules that fill them."""
    if reason := unwritable(out):
        stop(reason)
    try:
        notebook = build(modules)
    except HandoutError as error:
        stop(str(error))
    out.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
    code = sum(cell.cell_type == "code" for cell in notebook.cells)
    tell(f"{out}: {len(notebook.cells)} cells, {code} of them code.")


if __name__ == "__main__":
    sys.exit(main())
