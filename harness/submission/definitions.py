"""The definitions in a module's text: which ones changed, and which others that can affect."""

from __future__ import annotations

import ast
from collections.abc import Collection, Mapping

from harness.submission.required_names import NAMES

__all__ = ["parts_changed", "references", "with_users"]


def references(module: ast.Module) -> dict[str, frozenset[str]]:
    """The names that each top-level definition of a module refers to."""
    return {
        name: frozenset(one.id for one in ast.walk(node) if isinstance(one, ast.Name))
        for node in module.body
        for name in _defines(node)
    }


def _defines(node: ast.stmt) -> list[str]:
    """The names that a statement at the top of a module defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return [target.id for target in targets if isinstance(target, ast.Name)]
    return []


def with_users(references: Mapping[str, Collection[str]], names: Collection[str]) -> set[str]:
    """These names and those of the definitions that refer to them, directly or through others."""
    changed = set(names)
    while more := {name for name, used in references.items() if name not in changed and not changed.isdisjoint(used)}:
        changed |= more
    return changed


def parts_changed(module: str, before: str, after: str) -> set[str]:
    """The parts of a module whose verdict may differ between two versions of its text.

    All parts are returned if anything but definitions differs, such as an import, or if a version can't be parsed.
    Comments and line numbers make no difference.
    """
    parts = NAMES[module]
    if before == after:
        return set()
    try:
        old, new = ast.parse(before), ast.parse(after)
    except (SyntaxError, ValueError, RecursionError):
        return set(parts.values())
    olds, news = _by_name(old), _by_name(new)
    changed = {name for name in {*olds, *news} if olds.get(name) != news.get(name)}
    if "" in changed:
        return set(parts.values())
    affected = with_users(references(old), changed) | with_users(references(new), changed)
    return {part for name, part in parts.items() if name in affected}


def _by_name(module: ast.Module) -> dict[str, list[str]]:
    """The text of each definition by name, without line numbers. Code that defines no name is under the empty name."""
    found: dict[str, list[str]] = {}
    for node in module.body:
        for name in _defines(node) or [""]:
            found.setdefault(name, []).append(ast.dump(node))
    return found
