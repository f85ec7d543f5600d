"""What notebooks may call otherwise than the manifest does: each problem set says it in its ``notebook_names.py``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.problem import problem
from harness.submission.cells import Cell, Statement

__all__ = ["AlternativeNames", "alternative_names"]


def _unchanged(module: str, cells: Sequence[Cell]) -> tuple[Sequence[Cell], list[str]]:
    return cells, []


def _nothing(module: str, statements: Sequence[Statement]) -> str:
    return ""


def _none(cells: Sequence[Cell], written: set[str]) -> Iterable[str]:
    return ()


@dataclass(frozen=True)
class AlternativeNames:
    """How a problem set understands what students' notebooks have under other names. Without any: not at all."""

    misspelt: Mapping[str, str] = field(default_factory=dict)
    """names of the manifest, each with what the handout itself calls it by mistake"""
    constants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """constants of the manifest, each with what it may be called where the notebook has one value for it"""
    prepare: Callable[[str, Sequence[Cell]], tuple[Sequence[Cell], list[str]]] = _unchanged
    """the cells as a module should be made of them, and a sentence for each change; given the module's name"""
    append: Callable[[str, Sequence[Statement]], str] = _nothing
    """code for the end of a module, given its name and what was kept for it"""
    lacking: Callable[[Sequence[Cell], set[str]], Iterable[str]] = _none
    """a sentence for each function that a notebook has no name for, given the names that it defines"""

    @property
    def names(self) -> frozenset[str]:
        """All the other names."""
        return frozenset([*self.misspelt.values(), *(name for names in self.constants.values() for name in names)])


def alternative_names() -> AlternativeNames:
    """Those of this repository's problem set."""
    module = problem().own_module("notebook_names")
    return AlternativeNames() if module is None else module.ALTERNATIVE_NAMES
