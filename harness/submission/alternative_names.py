"""Other names that notebooks may use for the manifest's names. Each problem set lists them in ``notebook_names.py``."""

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
    """The rules of a problem set for other names in notebooks. By default there are none."""

    misspelt: Mapping[str, str] = field(default_factory=dict)
    """Names of the manifest, each with the misspelt name that the handout uses."""
    constants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Constants of the manifest, each with its other names. One counts if the notebook gives it a single value."""
    prepare: Callable[[str, Sequence[Cell]], tuple[Sequence[Cell], list[str]]] = _unchanged
    """A function of a module's name and the cells. It returns the cells to use for the module, and a sentence for each
    change.
    """
    append: Callable[[str, Sequence[Statement]], str] = _nothing
    """A function of a module's name and its statements. It returns code for the end of the module."""
    lacking: Callable[[Sequence[Cell], set[str]], Iterable[str]] = _none
    """A function of the cells and the names they define. It yields a sentence for each function without a name in the
    notebook.
    """

    @property
    def names(self) -> frozenset[str]:
        """All alternative names."""
        return frozenset([*self.misspelt.values(), *(name for names in self.constants.values() for name in names)])


def alternative_names() -> AlternativeNames:
    """The alternative names of this repository's problem set."""
    module = problem().own_module("notebook_names")
    return AlternativeNames() if module is None else module.ALTERNATIVE_NAMES
