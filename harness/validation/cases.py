"""Submissions whose correct grade is known: the solution with one changed module.

``wrong/``   one mistake: must fail exactly the tests that its file names, each with a message that names the symptom
``right/``   another correct implementation: must fail nothing
``broken/``  doesn't import, crashes, hangs or returns rubbish: must fail exactly the tests that depend on it

A case is one file. Its first lines are comments: first the module and what is special about it, then the tests that it
must fail, by number or by the beginning of numbers. Each has a text that the test's message must contain::

    # layers: casts without rounding
    # loses 2.1d: a cast without rounding
    # loses 2.2

``# may lose 5.1t`` names a test whose verdict depends on rounding and isn't checked. ``# requires peft`` names a
package; without it the case is skipped.

The rest is appended to the solution's module, so that its definitions replace the solution's. If the first line says
``# layers.py:``, the file is the whole module.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from harness import ROOT
from harness.catalog import RESULTS, chosen, read_suites
from harness.non_empty import at_least_one
from harness.problem import problem
from harness.submission.required_names import MODULES

__all__ = [
    "SOLUTION",
    "STUBS",
    "Case",
    "CaseError",
    "Kind",
    "first_line",
    "numbers",
    "of_code",
    "read_cases",
    "solution_and_stubs",
    "write_solution",
]

CASES = problem().cases
SOLUTION = problem().solution
STUBS = ROOT / "student"

Kind = Literal["wrong", "right", "broken"]


@dataclass(frozen=True)
class Case:
    """A changed solution, and the tests that it must fail."""

    kind: Kind
    name: str
    module: str
    title: str
    loses: dict[str, str]
    """The numbers of the tests that the case must fail, each with a text that its message must contain."""
    may_lose: frozenset[str]
    """The numbers of the tests that the case may pass or fail."""
    requires: tuple[str, ...]
    """The packages that the case needs besides the project's own."""
    text: str
    whole: bool
    """``text`` is the whole module; otherwise it is appended to the solution's."""
    base: Path = SOLUTION
    """The folder with the other modules."""

    @property
    def id(self) -> str:
        """The name of the case, as ``wrong/casts_without_rounding``."""
        return f"{self.kind}/{self.name}"

    @property
    def part(self) -> str:
        """The number of the part that the module belongs to, as ``2``."""
        return problem().named(self.module).part

    def write(self, folder: Path) -> Path:
        """Write the submission into an empty folder."""
        write_modules(self.base, folder)
        path = folder / f"{self.module}.py"
        if self.text:
            text = self.text if self.whole else path.read_text(encoding="utf-8") + "\n\n" + self.text
            path.write_text(text, encoding="utf-8")
        return folder


def write_modules(source: Path, folder: Path) -> None:
    """Write the modules of the solution, or of the stubs, into a folder, as a submission."""
    shutil.copytree(source, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__*"))


def write_solution(folder: Path) -> None:
    """Write the solution into a folder, as a submission."""
    write_modules(SOLUTION, folder)


def solution_and_stubs() -> tuple[Case, ...]:
    """The solution, which must fail nothing, and the stubs, which must fail everything: a case for each part."""
    cases = []
    for part, module in MODULES.items():
        said = dict.fromkeys(of_code(part), f"Not implemented yet: Part {part}")
        solution = Case("right", f"solution_{module}", module, "the solution as it is", {}, frozenset(), (), "", False)
        cases.append(solution)
        cases.append(replace(solution, kind="broken", name=f"stubs_{module}", title="the stub", loses=said, base=STUBS))
    return tuple(cases)


class CaseError(ValueError):
    """The first lines of a file don't describe a case."""


def read_cases(kind: Kind | None = None) -> tuple[Case, ...]:
    """Read all cases, or those of one kind, sorted by name.

    Raises:
        CaseError: the first lines of some files don't describe a case; a line for each of these files.
        NothingFoundError: a kind has no cases.
    """
    found, wrong = [], []
    for one in (kind,) if kind else get_args(Kind):
        for path in _paths(one):
            try:
                found.append(_read(path, one))
            except CaseError as error:
                wrong.append(str(error))
    if wrong:
        raise CaseError("\n".join(wrong))
    return tuple(found)


def _paths(kind: Kind) -> tuple[Path, ...]:
    folder = CASES / kind
    return at_least_one(sorted(folder.glob("*.py")), f"A {kind} case", f"restore {folder}")


def _read(path: Path, kind: Kind) -> Case:
    text = path.read_text(encoding="utf-8")
    module, whole, title = first_line(path, text)
    loses: dict[str, str] = {}
    for prefix, symptom in re.findall(r"^# loses (\S+?)(?:: (.+))?$", text, re.MULTILINE):
        loses.update(dict.fromkeys(numbers(path, prefix), symptom))
    may_lose = frozenset(re.findall(r"^# may lose (\S+)$", text, re.MULTILINE))
    requires = tuple(re.findall(r"^# requires (\w+)$", text, re.MULTILINE))
    if bool(loses or may_lose) == (kind == "right"):
        raise CaseError(f"{path}: a wrong or broken case names the tests that it loses, a right one loses none.")
    return Case(kind, path.stem, module, title, loses, may_lose, requires, text, whole)


def first_line(path: Path, text: str) -> tuple[str, bool, str]:
    """Parse a case's first line: the module, whether the file is the whole module, and what is special about it."""
    header = re.match(r"# (\w+)(\.py)?: (.+)\n", text)
    if header is None:
        raise CaseError(f"{path}: the first line has to be '# module: what is special about it'.")
    if header[1] not in MODULES.values():
        raise CaseError(f"{path}: there is no module {header[1]}, only {', '.join(dict.fromkeys(MODULES.values()))}.")
    return header[1], bool(header[2]), header[3]


def of_code(*wanted: str) -> tuple[str, ...]:
    """The numbers of these tests, or of the tests of these parts, without tests of experiments' results."""
    return tuple(test.number for test in chosen(read_suites(), wanted) if RESULTS not in test.tags)


def numbers(path: Path, wanted: str) -> tuple[str, ...]:
    """The numbers of the tests that a case's first lines name."""
    found = of_code(wanted)
    if not found:
        raise CaseError(f"{path}: there is no test {wanted}: change or delete the line that names it.")
    return found
