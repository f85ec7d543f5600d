"""Turn a notebook into modules.

A module gets the statements that define the handout's names, and the statements that these need: other definitions,
imports, constants. Statements that train, download, plot or read files are left out, and so are unneeded ones. If a
name has several definitions, the last one counts, as in the notebook, with three exceptions:

- Names that the course provides come from ``course``, even if the notebook defines them (the handout's notebook has two
  classes ``SparseConv2d``).
- A cell of a later part doesn't change an earlier part.
- A stub doesn't replace an implementation.

A name without a definition becomes a stub, so that its tests say "not implemented". If its cell can't be read, it
becomes a function that raises the cell's error. :class:`Module` records the cell of each line, so that messages can
name cells.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec

from harness.numbers import comes_after
from harness.submission.alternative_names import alternative_names
from harness.submission.cells import IMPORTS, Cell, Node, Statement
from harness.submission.hints import newer_syntax
from harness.submission.intake import Origin
from harness.submission.module_cells import cells_for_module
from harness.submission.required_names import DEFINES, FILES, MODULES, NAMES, PROVIDED
from harness.submission.settings import changes
from harness.submission.side_effects import SideEffects
from harness.submission.stubs import is_stub

__all__ = ["Module", "modules_of"]

#: The names that tests use, with their alternative names.
HANDOUT = alternative_names().names.union(*NAMES.values())


@dataclass
class Module:
    """A module that was made from a notebook."""

    text: str
    origins: list[Origin] = field(default_factory=list)
    unmade: dict[str, str] = field(default_factory=dict)
    """Names that the module uses but the notebook doesn't provide, each with the reason."""
    written: tuple[str, ...] = ()
    """The handout's names that the notebook defines, without stubs."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Placed:
    """A statement in its cell."""

    cell: Cell
    index: int
    """The number of the cell."""
    statement: Statement

    @property
    def is_stub(self) -> bool:
        return is_stub(self.statement.node)


def modules_of(cells: Sequence[Cell]) -> tuple[dict[str, Module], list[str]]:
    """Make the modules. Also return a sentence for each thing that a student should know about it."""
    notes = [
        f"{cell.label} doesn't parse (line {cell.problem.line}: {cell.problem.message}): it was skipped."
        + (f" {newer}" if (newer := newer_syntax(cell.problem.text)) else "")
        for cell in cells
        if cell.problem is not None
    ]
    notes += [
        f"{cell.label} begins with {cell.source.split()[0]} and was not read: remove that line."
        for cell in cells
        if cell.is_empty and cell.file is None and cell.source.lstrip().startswith("%%") and DEFINES.search(cell.source)
    ]
    notebook = _Notebook(cells)
    made: dict[str, Module] = {}
    for part, module in MODULES.items():
        own, said = alternative_names().prepare(module, cells_for_module(module, cells))
        made[module] = (notebook if own is cells else _Notebook(own)).module(part, module)
        notes += said
    notes += notebook.notes(made)
    return made, notes


def helpers_of(cells: Sequence[Cell]) -> dict[str, Module]:
    """The other Python files that cells write, by path."""
    made: dict[str, _Text] = {}
    for cell in cells:
        if cell.file is not None and cell.statements and cell.file.path not in FILES:
            builder = made.setdefault(cell.file.path, _Text(""))
            first = cell.source.index("%%")
            below = cell.source[first:].partition("\n")[2]
            builder.add(below, cell.label, cell.source[:first].count("\n") + 2, glued=True)
    return {path: Module(builder.text, builder.origins) for path, builder in made.items()}


def _is_later(cell: Cell, part: str) -> bool:
    """Whether a cell names a later part. A cell without a number belongs to every part."""
    return bool(cell.number) and comes_after(cell.number, part)


class _Notebook:
    """The statements of a notebook, by what they bind."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self.cells = cells
        self.placed = [
            _Placed(cell, index, statement) for index, cell in enumerate(cells) for statement in cell.statements
        ]
        self.effects = SideEffects([one.statement for one in self.placed])
        self.placed = [replace(one, statement=self.effects.without_fetching(one.statement)) for one in self.placed]
        self.imported = frozenset(
            name for one in self.placed if isinstance(one.statement.node, IMPORTS) for name in one.statement.binds
        )
        self.left_out, self.trained = self._trained()

    def _trained(self) -> tuple[frozenset[int], dict[str, str]]:
        """Find the statements and names that depend on training, downloads and the like.

        Returns:
            The indices of the statements that need such results when they run, and the names whose last value comes
            from one of them, each with a sentence that says so.
        """
        left_out: set[int] = set()
        values: dict[str, str] = {}
        changed: set[str] = set()
        known = {name for one in self.placed for name in one.statement.binds} | PROVIDED.keys() | vars(builtins).keys()
        for index, one in enumerate(self.placed):
            statement = one.statement
            if statement.is_definition:
                continue
            heavy = self.effects.is_heavy(statement)
            lacks = frozenset[str]() if heavy or "*" in known else statement.needs - known
            if lacks or heavy or statement.needs_at_once & (values.keys() | changed):
                left_out.add(index)
                changed |= statement.changes - self.imported - PROVIDED.keys()
                by = f"needs {', '.join(sorted(lacks))}" if lacks else "trains, downloads, plots or reads files"
                reason = "which the notebook doesn't define" if lacks else "which isn't run when a notebook is graded"
                for name in statement.binds - PROVIDED.keys():
                    values[name] = f"{name} is made in {one.cell.label} by code that {by}, {reason}"
            elif self.effects.may_run(statement) and not isinstance(statement.node, ast.AugAssign):
                for name in statement.binds:
                    values.pop(name, None)
                    changed.discard(name)
        return frozenset(left_out), values

    # ---- one module ----

    def module(self, part: str, name: str) -> Module:
        """The module of a part."""
        called = {**alternative_names().misspelt, **self._other_names(name)}
        kept, unmade = self._needed(part, frozenset(NAMES[name]) | set(called.values()))
        defined = {bound for one in kept for bound in one.statement.binds if not one.is_stub}
        builder = _Text(f'"""{name}.py, from the notebook."""\n\nfrom __future__ import annotations\n')
        needed = set().union(*(one.statement.needs for one in kept)) if kept else set()
        for provided in sorted((needed & PROVIDED.keys()) - defined):
            builder.add(f"from {PROVIDED[provided]} import {provided}")
        last = ""
        for one in _without_repeated_imports(kept):
            if one.cell.number and one.cell.label != last:
                builder.add(f"\n# Code Cell {one.cell.number}")
            last = one.cell.label
            builder.add("\n".join(one.statement.lines), one.cell.label, one.statement.first)
        notes = list(_two_definitions(kept))
        for right, wrong in called.items():
            if right in NAMES[name] and wrong in defined and right not in defined:
                builder.add(f"{right} = {wrong}")
                defined.add(right)
                notes.append(f"{wrong} was graded as {right}, the name that the grader looks for.")
        if more := alternative_names().append(name, [one.statement for one in kept]):
            builder.add(more)
        for missing, of in NAMES[name].items():
            if missing not in defined:
                self._add_stub(builder, missing, of)
        unmade = {one: reason for one, reason in unmade.items() if one not in defined}
        written = tuple(one for one in NAMES[name] if one in defined)
        return Module(builder.text, builder.origins, unmade, written, tuple(notes))

    def _other_names(self, module: str) -> dict[str, str]:
        """Constants that the notebook has only under an alternative name, with a single value."""
        found: dict[str, str] = {}
        constants = alternative_names().constants
        for right in NAMES[module].keys() & constants.keys():
            if any(right in one.statement.binds and not one.is_stub for one in self.placed):
                continue
            values = {
                name: [one for one in self.placed if name in one.statement.binds and not one.is_stub]
                for name in constants[right]
            }
            clear = [name for name, ones in values.items() if len({ast.dump(one.statement.node) for one in ones}) == 1]
            if len(clear) == 1 and isinstance(values[clear[0]][0].statement.node, ast.Assign | ast.AnnAssign):
                found[right] = clear[0]
        return found

    def _needed(self, part: str, names: Iterable[str]) -> tuple[list[_Placed], dict[str, str]]:
        """The statements that make up a module, in their order, and the names that it lacks."""
        wanted = set(names)
        kept: set[int] = set()
        while True:
            chosen = [index for index in self._candidates(part, wanted) if index not in kept]
            if not chosen:
                break
            kept.update(chosen)
            for index in chosen:
                wanted |= self.placed[index].statement.needs - PROVIDED.keys()
        bound = {name for index in kept for name in self.placed[index].statement.binds}
        if kept and wanted - bound - PROVIDED.keys():
            kept.update(self._star_imports(part, wanted - bound - PROVIDED.keys()))
        statements = [self.placed[index] for index in sorted(kept)]
        return statements, {
            name: reason for name in sorted(wanted - bound) if (reason := self._why_missing(name)) is not None
        }

    def _candidates(self, part: str, wanted: set[str]) -> list[int]:
        """The statements that define the wanted names for this part."""
        found: list[int] = []
        for name in wanted:
            of_name = [index for index in range(len(self.placed)) if self._gives(index, name)]
            if name in HANDOUT:  # a helper that does nothing is as it should be
                of_name = [index for index in of_name if not self.placed[index].is_stub]
            if not any(name in self.placed[index].statement.binds for index in of_name):
                continue
            earlier = [index for index in of_name if not _is_later(self.placed[index].cell, part)]
            found += earlier or of_name
        return found

    def _gives(self, index: int, name: str) -> bool:
        statement = self.placed[index].statement
        if index in self.left_out or not self.effects.may_run(statement):
            return False
        if not statement.is_definition and name in self.trained:
            return False
        if name in statement.binds:
            return name not in PROVIDED or isinstance(statement.node, ast.Import | ast.ImportFrom)
        if isinstance(statement.node, ast.Expr) and name in self.imported:  # torch.manual_seed(0)
            return False
        return name in statement.changes and name not in PROVIDED

    def _star_imports(self, part: str, missing: set[str]) -> list[int]:
        """The star imports that may provide a missing name.

        A module that isn't installed counts only if no other can.
        """
        lacks = not missing <= vars(builtins).keys()
        found = []
        for index, one in enumerate(self.placed):
            node = one.statement.node
            if "*" in one.statement.binds and isinstance(node, ast.ImportFrom) and not _is_later(one.cell, part):
                top = (node.module or "").partition(".")[0] if not node.level else ""
                if lacks or (top and find_spec(top)):
                    found.append(index)
        return found

    def _why_missing(self, name: str) -> str | None:
        if name in self.trained:
            return self.trained[name]
        pattern = re.compile(rf"^\s*(?:(?:def|class)\s+{re.escape(name)}\b|{re.escape(name)}\s*(?::[^=]*)?=[^=])", re.M)
        for cell in self.cells:
            if cell.problem is not None and pattern.search(cell.source):
                return f"{name} is in {cell.label}, which doesn't parse (line {cell.problem.line})"
        return None

    def _add_stub(self, builder: _Text, name: str, part: str) -> None:
        """Add a stub for a name that the notebook doesn't define."""
        broken = next((cell for cell in self.cells if cell.problem is not None and _mentions(cell, name)), None)
        if name.isupper():
            builder.add(f"{name} = None")
            return
        if broken is None or broken.problem is None:
            error, origin = f'NotImplementedError("Part {part}: {name}")', ("", 0)
        else:
            line = builder.next_line + 1 + (not name[0].islower())
            place = f"(__file__, {line}, None, {broken.problem.text[:200]!r})"
            error, origin = f"SyntaxError({broken.problem.message!r}, {place})", (broken.label, broken.problem.line)
        if name[0].islower():
            text = f"def {name}(*args, **kwargs):\n    raise {error}"
        else:
            text = f"class {name}:\n    def __init__(self, *args, **kwargs):\n        raise {error}"
        *head, last = text.split("\n")
        builder.add("\n".join(head))
        builder.add(last, *origin, glued=True)

    # ---- what a student should know ----

    def notes(self, made: dict[str, Module]) -> list[str]:
        notes = []
        shadowed: dict[str, str] = {}
        for one in self.placed:
            if isinstance(one.statement.node, Node):
                for name in one.statement.binds & PROVIDED.keys():
                    shadowed.setdefault(name, one.cell.label)
        if shadowed:
            notes.append(f"Taken from course/, not from the notebook: {', '.join(shadowed)}.")
        notes += [*self._settings(), *self._of_later_parts()]
        notes += alternative_names().lacking(self.cells, {name for module in made.values() for name in module.written})
        for module in made.values():
            notes += module.notes
            for name, reason in module.unmade.items():
                if name.isupper() and any(name in names for names in NAMES.values()):
                    notes.append(f"{reason[0].upper()}{reason[1:]}: write its value down.")
        return notes

    def _of_later_parts(self) -> Iterator[str]:
        """A sentence for each definition that isn't used because its cell belongs to a later part."""
        parts = {name: part for part, module in MODULES.items() for name in NAMES[module]}
        defined = [one for one in self.placed if isinstance(one.statement.node, Node) and not one.is_stub]
        ours = [one for one in defined if _name(one) in parts]
        early = {_name(one) for one in ours if not _is_later(one.cell, parts[_name(one)])}
        for one in ours:
            if _name(one) in early and _is_later(one.cell, parts[_name(one)]):
                yield f"{_name(one)} in {one.cell.label} was left out, since that cell belongs to a later part."

    def _settings(self) -> Iterator[str]:
        """A sentence for each statement that only changes a library. No module gets these."""
        for one in self.placed:
            if isinstance(one.statement.node, ast.Expr):
                for _, text in changes([one.statement.node]):
                    yield f"{text} in {one.cell.label} was left out: code is graded with the libraries' own settings."


class _Text:
    """Builds the text of a module."""

    def __init__(self, head: str) -> None:
        self.text = head
        self.origins: list[Origin] = []

    @property
    def next_line(self) -> int:
        """The number of the line at which the next piece begins."""
        return self.text.count("\n") + 2

    def add(self, source: str, label: str = "", line: int = 0, glued: bool = False) -> None:
        """Append a piece, with an empty line before it unless it is ``glued`` to the last one."""
        if not glued:
            self.text += "\n"
        first = self.text.count("\n") + 1
        if label:
            self.origins.append(Origin(first, source.count("\n") + 1, label, line))
        self.text += source + "\n"


def _without_repeated_imports(kept: Sequence[_Placed]) -> list[_Placed]:
    """The statements without repeated, identical imports."""
    binders: dict[str, set[tuple[str, ...]]] = {}
    for one in kept:
        for name in one.statement.binds:
            binders.setdefault(name, set()).add(one.statement.lines)
    found: list[_Placed] = []
    seen: set[tuple[str, ...]] = set()
    for one in kept:
        lines = one.statement.lines
        repeated = lines in seen and all(len(binders[name]) == 1 for name in one.statement.binds)
        if not (repeated and isinstance(one.statement.node, ast.Import | ast.ImportFrom)):
            found.append(one)
        seen.add(lines)
    return found


def _name(one: _Placed) -> str:
    return getattr(one.statement.node, "name", "")


def _two_definitions(kept: Sequence[_Placed]) -> Iterator[str]:
    """A sentence for each function that is defined twice. For helpers, only if users of the first get the second."""
    definitions: dict[str, list[int]] = {}
    for index, one in enumerate(kept):
        if isinstance(one.statement.node, Node):
            definitions.setdefault(one.statement.node.name, []).append(index)
    for name, (first, *more) in definitions.items():
        if not more or name in kept[more[-1]].statement.needs:  # it builds upon the first
            continue
        one, last = kept[first], kept[more[-1]]
        users = (each.statement for each in kept[first + 1 : more[-1]])
        if ast.dump(one.statement.node) == ast.dump(last.statement.node) or one.cell.label == last.cell.label:
            continue
        if name in HANDOUT:
            yield f"{name} is defined in {one.cell.label} and otherwise in {last.cell.label}: the last one was graded."
        elif any(isinstance(user.node, Node) and name in user.needs for user in users):
            yield (
                f"{name} is defined in {one.cell.label} and otherwise in {last.cell.label}: everything was graded with "
                "the last one. Give one of them another name."
            )


def _mentions(cell: Cell, name: str) -> bool:
    return re.search(rf"^\s*(?:def|class)\s+{name}\b", cell.source, re.M) is not None
