"""A notebook becomes the six modules.

For each of the handout's names a module takes the statements that define it, and those that these need in turn: other
definitions, imports, constants. What trains, downloads, plots or reads files is left out, and so is what nobody needs.
Of several definitions of a name the last one wins, as it does in the notebook; but

- what the course provides comes from ``course``, whatever the notebook calls by the same name (the handout's notebook
  has two classes ``SparseConv2d``);
- a cell that says that it belongs to a later part doesn't change an earlier one;
- a stub doesn't take the place of what is written.

A name that is defined nowhere becomes a stub, so that its tests say "not implemented". One whose cell can't be read
becomes a function that raises that cell's error. Each line remembers its cell: :class:`Module` has the places, with
which messages are put in terms of the notebook.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from grader.submission.cells import Cell, Node, Statement
from grader.submission.contract import MODULES, NAMES, PROVIDED
from grader.submission.intake import Origin

__all__ = ["Module", "is_stub", "modules_of"]

TRAIN = {
    "backward",
    "step",
    "zero_grad",
    "fit",
    "train",
    "train_model",
    "train_epoch",
    "test",
    "evaluate",
    "experiments",
}
READ = {
    "DataLoader",
    "CIFAR10",
    "CIFAR100",
    "CINIC10",
    "MNIST",
    "ImageFolder",
    "load",
    "open",
    "urlopen",
    "urlretrieve",
}
FETCH = {
    "download_url",
    "download_and_extract_archive",
    "extractall",
    "mount",
    "upload",
    "get_ipython",
    "system",
    "Popen",
}
SHOW = {"plot", "subplots", "figure", "imshow", "show", "savefig", "save", "input", "check", "grade"}
#: Functions and methods that train, read, download, plot or ask. What calls one when its cell is run is left out.
LEFT_OUT = frozenset(TRAIN | READ | FETCH | SHOW)
#: The handout's notebook has it so.
MISSPELT = {"unstructured_pruning": "unnstructured_pruning"}
CONV_LAYER = '''

def _with_conv_layer(net_class):
    """SparseConvNet told by an argument which layers to take, and not by defining SparseConv2d anew."""
    import functools
    from course import layers

    class SparseConvNet(net_class):
        def __init__(self, conv_layer=layers.SparseConv2d):
            own = globals()
            kept = {name: own[name] for name in ("SparseConv2d", "sparse_conv_block") if name in own}
            block = functools.partial(layers.sparse_conv_block, conv_layer=conv_layer)
            own.update(SparseConv2d=conv_layer, sparse_conv_block=block)
            try:
                super().__init__()
            finally:
                own.update(kept)

    return SparseConvNet


SparseConvNet = _with_conv_layer(SparseConvNet)
'''


@dataclass
class Module:
    """One of the six, made from a notebook."""

    text: str
    origins: list[Origin] = field(default_factory=list)
    unmade: dict[str, str] = field(default_factory=dict)
    """names that it uses and that the notebook doesn't give it, each with the reason"""
    written: tuple[str, ...] = ()
    """the handout's names that the notebook defines, stubs apart"""


@dataclass(frozen=True)
class _Placed:
    """A statement in its cell."""

    cell: Cell
    index: int
    """of the cell"""
    statement: Statement

    @property
    def is_stub(self) -> bool:
        return is_stub(self.statement.node)


def modules_of(cells: Sequence[Cell]) -> tuple[dict[str, Module], list[str]]:
    """The six modules, and what a student should know about how they were made, a sentence each."""
    notes = [
        f"{cell.label} doesn't parse (line {cell.problem.line}: {cell.problem.message}): it was skipped."
        for cell in cells
        if cell.problem is not None
    ]
    notebook = _Notebook(cells)
    made = {module: notebook.module(part, module) for part, module in MODULES.items()}
    notes += notebook.notes(made)
    return made, notes


class _Notebook:
    """The statements of a notebook, by what they bind."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        self.cells = cells
        self.placed = [
            _Placed(cell, index, statement) for index, cell in enumerate(cells) for statement in cell.statements
        ]
        self.heavy = self._heavy_functions()
        self.trained = self._trained()

    def _heavy_functions(self) -> frozenset[str]:
        """The functions of the notebook, and of libraries, that train, download, plot or read."""
        own = {
            name: one.statement.calls
            for one in self.placed
            if isinstance(one.statement.node, ast.FunctionDef | ast.AsyncFunctionDef)
            for name in one.statement.binds
        }
        heavy = set(LEFT_OUT - own.keys())
        while more := {name for name, calls in own.items() if name not in heavy and calls & heavy}:
            heavy |= more
        return frozenset(heavy)

    def _runs(self, statement: Statement) -> bool:
        """Whether a statement may run where a module is imported."""
        node = statement.node
        if statement.is_definition or isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.For | ast.If):
            return not statement.calls_at_once & self.heavy
        return isinstance(node, ast.Try) and not statement.calls_at_once & self.heavy

    def _trained(self) -> dict[str, str]:
        """The names whose values come from training and the like, each with the cell that makes it."""
        found: dict[str, str] = {}
        for one in self.placed:
            statement = one.statement
            if statement.is_definition:
                continue
            if not self._runs(statement) or statement.needs_at_once & found.keys():
                for name in (statement.binds | statement.changes) - PROVIDED.keys():
                    found.setdefault(name, one.cell.label)
        return found

    # ---- one module ----

    def module(self, part: str, name: str) -> Module:
        """The module of a part."""
        kept, unmade = self._needed(part, frozenset(NAMES[name]) | set(MISSPELT.values()))
        defined = {bound for one in kept for bound in one.statement.binds if not one.is_stub}
        builder = _Text(f'"""{name}.py, from the notebook."""\n\nfrom __future__ import annotations\n')
        needed = set().union(*(one.statement.needs for one in kept)) if kept else set()
        for provided in sorted((needed & PROVIDED.keys()) - defined):
            builder.add(f"from course.{PROVIDED[provided]} import {provided}")
        last = ""
        for one in _without_repeated_imports(kept):
            if one.cell.number and one.cell.label != last:
                builder.add(f"\n# Code Cell {one.cell.number}")
            last = one.cell.label
            builder.add("\n".join(one.statement.lines), one.cell.label, one.statement.first)
        for right, wrong in MISSPELT.items():
            if right in NAMES[name] and wrong in defined and right not in defined:
                builder.add(f"{right} = {wrong}")
                defined.add(right)
        if "SparseConvNet" in NAMES[name] and not self._takes_conv_layer(kept):
            builder.add(CONV_LAYER.strip("\n"))
        for missing, of in NAMES[name].items():
            if missing not in defined:
                self._add_stub(builder, missing, of)
        unmade = {one: reason for one, reason in unmade.items() if one not in defined}
        return Module(builder.text, builder.origins, unmade, tuple(one for one in NAMES[name] if one in defined))

    def _needed(self, part: str, names: Iterable[str]) -> tuple[list[_Placed], dict[str, str]]:
        """The statements that a module is made of, in their order, and the names that it lacks."""
        wanted = set(names)
        kept: set[int] = set()
        while True:
            chosen = [index for index in self._candidates(part, wanted) if index not in kept]
            if not chosen:
                break
            kept.update(chosen)
            for index in chosen:
                wanted |= self.placed[index].statement.needs - PROVIDED.keys()
        statements = [self.placed[index] for index in sorted(kept)]
        bound = {name for one in statements for name in one.statement.binds}
        return statements, {
            name: reason for name in sorted(wanted - bound) if (reason := self._why_missing(name)) is not None
        }

    def _candidates(self, part: str, wanted: set[str]) -> list[int]:
        """The statements that give the wanted names their values in this part."""
        found: list[int] = []
        for name in wanted:
            of_name = [index for index, one in enumerate(self.placed) if self._gives(one, name)]
            written = [index for index in of_name if not self.placed[index].is_stub]
            of_name = written if any(name in self.placed[index].statement.binds for index in written) else []
            earlier = [index for index in of_name if (self.placed[index].cell.part or part) <= part]
            found += earlier or of_name
        return found

    def _gives(self, one: _Placed, name: str) -> bool:
        statement = one.statement
        if not self._runs(statement):
            return False
        if not statement.is_definition and (statement.needs_at_once | {name}) & self.trained.keys():
            return False
        if name in statement.binds:
            return name not in PROVIDED or isinstance(statement.node, ast.Import | ast.ImportFrom)
        return name in statement.changes and name not in PROVIDED

    def _why_missing(self, name: str) -> str | None:
        if name in self.trained:
            return (
                f"{name} is made in {self.trained[name]} by code that trains, downloads, plots or reads files, "
                "which isn't run when a notebook is graded"
            )
        pattern = re.compile(rf"^\s*(?:(?:def|class)\s+{re.escape(name)}\b|{re.escape(name)}\s*(?::[^=]*)?=[^=])", re.M)
        for cell in self.cells:
            if cell.problem is not None and pattern.search(cell.source):
                return f"{name} is in {cell.label}, which doesn't parse (line {cell.problem.line})"
        return None

    def _takes_conv_layer(self, kept: Sequence[_Placed]) -> bool:
        """Whether SparseConvNet can be told which layers to take; or there is none."""
        takes = True
        for one in kept:
            node = one.statement.node
            if isinstance(node, ast.ClassDef) and node.name == "SparseConvNet" and not one.is_stub:
                makers = [each for each in node.body if isinstance(each, Node) and each.name == "__init__"]
                arguments = [each.args for each in makers if isinstance(each, ast.FunctionDef)]
                takes = any(
                    given.kwarg or given.vararg or len(given.args) + len(given.kwonlyargs) > 1 for given in arguments
                )
        return takes

    def _add_stub(self, builder: _Text, name: str, part: str) -> None:
        """What stands for a name that the notebook doesn't define."""
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
        for module in made.values():
            for name, reason in module.unmade.items():
                if name.isupper() and any(name in names for names in NAMES.values()):
                    notes.append(f"{reason[0].upper()}{reason[1:]}: write its value down.")
        return notes


class _Text:
    """The text of a module that is being made."""

    def __init__(self, head: str) -> None:
        self.text = head
        self.origins: list[Origin] = []

    @property
    def next_line(self) -> int:
        """The line at which the next piece begins."""
        return self.text.count("\n") + 2

    def add(self, source: str, label: str = "", line: int = 0, glued: bool = False) -> None:
        """Put a piece behind the others, with an empty line before it if it is not glued to the last."""
        if not glued:
            self.text += "\n"
        first = self.text.count("\n") + 1
        if label:
            self.origins.append(Origin(first, source.count("\n") + 1, label, line))
        self.text += source + "\n"


def _without_repeated_imports(kept: Sequence[_Placed]) -> list[_Placed]:
    """The statements without imports that another one has made before, word for word."""
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


def _mentions(cell: Cell, name: str) -> bool:
    return re.search(rf"^\s*(?:def|class)\s+{name}\b", cell.source, re.M) is not None


def is_stub(node: ast.stmt) -> bool:
    """Whether a definition says nothing yet: it does nothing, or raises NotImplementedError alone."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return all(map(_says_nothing, node.body))
    if isinstance(node, ast.ClassDef):
        methods = [one for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
        others = [one for one in node.body if one not in methods]
        inherits = any(ast.unparse(base) not in ("nn.Module", "torch.nn.Module", "Module") for base in node.bases)
        return all(map(is_stub, methods)) and all(map(_says_nothing, others)) and (bool(methods) or not inherits)
    if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant):
        return node.value.value is None or node.value.value is ...
    return False


def _says_nothing(node: ast.stmt) -> bool:
    if isinstance(node, ast.Pass | ast.AnnAssign):
        return not isinstance(node, ast.AnnAssign) or node.value is None
    if isinstance(node, ast.Expr):
        constant = isinstance(node.value, ast.Constant)
        made = isinstance(node.value, ast.Call) and ast.unparse(node.value).startswith("super(")
        return constant or made
    if isinstance(node, ast.Return):
        return node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None)
    if isinstance(node, ast.Raise):
        return node.exc is not None and "NotImplementedError" in ast.unparse(node.exc)
    return False
