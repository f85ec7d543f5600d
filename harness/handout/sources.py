"""Split a module's text into pieces: its imports, and each definition with the comments above it.

Nothing is imported or run. Pieces can be distributed to several cells, and keep the order that they need.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["HandoutError", "Piece", "Source", "joined", "place", "read_source"]


class HandoutError(Exception):
    """The notebook can't be built. The text is one sentence that says why and what to do."""


@dataclass(frozen=True)
class Piece:
    """One top-level statement of a module, as it is written."""

    text: str
    """The statement's text, with the comments above it."""
    line: int
    """The number of its first line, comments included, counted from 1."""
    blank: int
    """The number of empty lines above it, at most two."""
    defines: dict[str, str]
    """The names that it binds, each with its value: the dotted path of an import, or the statement's text."""
    mentions: frozenset[str]
    """The names that it uses, including those in the bodies of its functions."""
    at_once: frozenset[str]
    """The names in ``mentions`` that must exist when the statement runs: base classes, defaults, decorators."""
    is_import: bool


@dataclass(frozen=True)
class Source:
    """A module, split into pieces."""

    file: str
    docstring: str
    pieces: tuple[Piece, ...]

    @property
    def imports(self) -> tuple[Piece, ...]:
        return tuple(piece for piece in self.pieces if piece.is_import)

    @property
    def statements(self) -> tuple[Piece, ...]:
        return tuple(piece for piece in self.pieces if not piece.is_import)

    def piece(self, name: str) -> Piece:
        """The piece with the last definition of a name.

        Raises:
            HandoutError: the name has no definition.
        """
        for piece in reversed(self.pieces):
            if name in piece.defines:
                return piece
        raise HandoutError(f"{self.file} has no {name}: the notebook needs it.")


def read_source(path: Path, file: str = "") -> Source:
    """Read a module, and split it into pieces.

    Raises:
        HandoutError: the file can't be read, or isn't Python.
    """
    file = file or path.name
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise HandoutError(f"{file} can't be read ({error}).") from None
    return split(text, file)


def split(text: str, file: str) -> Source:
    """Split a module's text into pieces.

    Raises:
        HandoutError: the text isn't Python.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError) as error:
        where = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise HandoutError(f"{file}{where} is not valid Python ({error.args[0]}): correct it first.") from None
    docstring = ast.get_docstring(tree) or ""
    body = tree.body[1:] if docstring else tree.body
    lines = text.split("\n")
    done = tree.body[0].end_lineno or 0 if docstring else 0
    late = _has_late_annotations(body)
    pieces = []
    groups = list(_groups(body))
    for number, group in enumerate(groups, start=1):
        end = group[-1].end_lineno or 0
        if number == len(groups):  # comments at the end go with the last statement
            end = len(lines)
        block = lines[done:end]
        blank = next((count for count, line in enumerate(block) if line.strip()), 0)
        pieces.append(_piece("\n".join(block[blank:]).rstrip(), done + blank + 1, min(blank, 2), group, late))
        done = end
    return Source(file, docstring, tuple(pieces))


def _has_late_annotations(body: Sequence[ast.stmt]) -> bool:
    return any(
        isinstance(node, ast.ImportFrom) and node.module == "__future__" and node.names[0].name == "annotations"
        for node in body
    )


def _groups(body: Sequence[ast.stmt]) -> Iterator[list[ast.stmt]]:
    """Group statements that belong together: those on one line, and a constant with the docstring below it."""
    group: list[ast.stmt] = []
    for node in body:
        described = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and group
        if group and not described and node.lineno > (group[-1].end_lineno or 0):
            yield group
            group = []
        group.append(node)
    if group:
        yield group


def _piece(text: str, line: int, blank: int, group: Sequence[ast.stmt], late: bool) -> Piece:
    bound: dict[str, str] = {}
    mentions: set[str] = set()
    at_once: set[str] = set()
    for node in group:
        bound.update(_bound(node))
        mentions |= {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
        at_once |= set(_needed_at_once(node, late))
    is_import = all(isinstance(node, ast.Import | ast.ImportFrom) for node in group)
    return Piece(text, line, blank, bound, frozenset(mentions), frozenset(at_once), is_import)


def _bound(node: ast.stmt) -> dict[str, str]:
    """The names that a statement binds, each with its value."""
    if isinstance(node, ast.Import):
        return {
            alias.asname or alias.name.partition(".")[0]: alias.name if alias.asname else alias.name.partition(".")[0]
            for alias in node.names
        }
    if isinstance(node, ast.ImportFrom):
        origin = "." * node.level + (node.module or "")
        return {alias.asname or alias.name: f"{origin}.{alias.name}" for alias in node.names if alias.name != "*"}
    text = ast.dump(node)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name: text}
    found: dict[str, str] = {}
    for one in _own_scope(node):
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
            found[one.id] = text
        elif isinstance(one, ast.stmt) and one is not node:
            found.update(dict.fromkeys(_bound(one), text))
    return found


def _own_scope(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a statement, without the inner scopes of functions, classes and comprehensions."""
    yield node
    inner = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    inner += (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)  # type: ignore[assignment]
    for child in ast.iter_child_nodes(node):
        if isinstance(child, inner):
            yield child
        else:
            yield from _own_scope(child)


def _needed_at_once(node: ast.AST, late: bool) -> Iterator[str]:
    """The names that are looked up when a statement runs. With ``late``, annotations aren't looked up."""
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        arguments = node.args
        looked_up: list[ast.expr | None] = [*node.decorator_list, *arguments.defaults, *arguments.kw_defaults]
        if not late:
            looked_up += [node.returns, *(one.annotation for one in ast.walk(arguments) if isinstance(one, ast.arg))]
        for part in looked_up:
            if part is not None:
                yield from _needed_at_once(part, late)
    elif isinstance(node, ast.AnnAssign):
        for part in (node.target, node.value, None if late else node.annotation):
            if part is not None:
                yield from _needed_at_once(part, late)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _needed_at_once(child, late)


def place(pieces: Sequence[Piece], places: Mapping[str, int]) -> list[int]:
    """Choose a place for each piece, given the places of some names.

    A piece without a place goes where it is used first, so that everything runs from the first place to the last. A
    name with a place moves to an earlier one if something there can't be defined without it.

    Returns:
        The place of each piece. Pieces in one place keep their order.
    """
    found: list[int | None] = [
        min((places[name] for name in piece.defines if name in places), default=None) for piece in pieces
    ]
    last = max(places.values(), default=0)
    while True:
        _draw_along(pieces, found, places)
        left = [index for index, where in enumerate(found) if where is None]
        if not left:
            return [where if where is not None else last for where in found]
        # An unused piece goes with the next one, but not before the pieces that it needs.
        index = left[-1]
        following = [where for where in found[index + 1 :] if where is not None]
        needs = [
            where
            for piece, where in zip(pieces, found, strict=True)
            if where is not None and pieces[index].at_once & piece.defines.keys()
        ]
        found[index] = max([following[0] if following else last, *needs])


def _draw_along(pieces: Sequence[Piece], found: list[int | None], places: Mapping[str, int]) -> None:
    """Move pieces to the place where they are used first, until nothing moves."""
    moved = True
    while moved:
        moved = False
        for user, where in zip(pieces, list(found), strict=True):
            if where is None:
                continue
            for index, piece in enumerate(pieces):
                given = piece.defines.keys() & places.keys()
                used = user.at_once if given else user.mentions
                same = user.defines.keys() & piece.defines.keys()
                before = found[index]
                if (same or used & piece.defines.keys()) and (before is None or where < before):
                    found[index], moved = where, True


def joined(pieces: Sequence[Piece]) -> str:
    """The joined text of pieces, with the empty lines that were above them."""
    text = ""
    for piece in pieces:
        text += "\n" * (piece.blank + 1) + piece.text if text else piece.text
    return text
