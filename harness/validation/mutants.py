"""Mutation testing of the suites: engines make small changes to the solution, and each must make a test fail.

Two engines make different changes: mutmut changes arguments, constants, texts and assignments, and Cosmic Ray replaces
operators. A surviving mutant either needs a better test, or computes the same as the solution. In that case
``equivalent.toml`` lists it with the reason.
"""

from __future__ import annotations

import ast
import difflib
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from harness import ROOT
from harness.base.process_pool import interruptible, pool
from harness.gradebook import State
from harness.grading import grade
from harness.host.launch import shared_launcher
from harness.problem import ProblemError, problem, tomllib
from harness.validation.cases import SOLUTION, of_code, write_solution
from harness.validation.verdicts import SEED

__all__ = ["Mutant", "MutantResult", "equivalents", "mutants_of", "try_all"]

EQUIVALENT = problem().cases / "equivalent.toml"


@dataclass(frozen=True)
class Mutant:
    """A module of the solution with one change."""

    module: str
    engine: str
    line: int
    """The line of the change, counted from 1."""
    before: str
    after: str
    """The changed lines, without their indentation."""
    text: str
    """The text of the whole module."""

    @property
    def part(self) -> str:
        return problem().named(self.module).part

    @property
    def change(self) -> tuple[str, str, str]:
        """The mutant's name in equivalent.toml. It has no line numbers, since these change often."""
        return self.module, self.before, self.after


@dataclass(frozen=True)
class MutantResult:
    """A mutant with the outcome of its grading."""

    mutant: Mutant
    killed_by: str
    """The number of the first test that the mutant failed; empty if it survived."""
    seconds: float = 0.0
    fault: str = ""
    """The grader's fault, if it had one."""


@cache
def equivalents() -> dict[tuple[str, str, str], str]:
    """The known equivalent mutants by their ``change``, each with the reason."""
    rows = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8")).get("mutant", [])
    return {(row["module"], row["before"], row["after"]): row["reason"] for row in rows}


def stale(made: Iterable[Mutant]) -> list[tuple[str, str, str]]:
    """Explanations in equivalent.toml without a mutant. They can be removed."""
    changes = {mutant.change for mutant in made}
    modules = {module for module, *_ in changes}
    return sorted(change for change in equivalents() if change[0] in modules and change not in changes)


# ---- what the engines make -------------------------------------------------------------------------------------


def mutants_of(module: str) -> list[Mutant]:
    """All mutants of a module of the solution, by line: each code once, and none in annotations.

    Raises:
        ImportError: the engines are not installed.
        ProblemError: an engine has no settings.
    """
    path = SOLUTION / f"{module}.py"
    text = path.read_text(encoding="utf-8")
    known = {_shape(text)}
    found = []
    for engine, make in (("mutmut", _by_mutmut), ("Cosmic Ray", _by_cosmic_ray)):
        for changed in make(path, text):
            with suppress(SyntaxError):
                shape = _shape(changed)
                if shape not in known:
                    known.add(shape)
                    found.append(_described(module, engine, text, changed))
    return sorted(found, key=lambda mutant: (mutant.line, mutant.engine))


def _shape(text: str) -> str:
    """The syntax tree of code without annotations, which nothing evaluates here."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            node.annotation = None
        elif isinstance(node, ast.FunctionDef):
            node.returns = None
        elif isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant(None)
    return ast.dump(tree)


def _by_mutmut(path: Path, text: str) -> Iterator[str]:
    from mutmut.mutation import file_mutation

    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    if "mutmut" not in settings.get("tool", {}):
        paths = f'source_paths = ["{problem().place}/solution"]'
        raise ProblemError(f"pyproject.toml has no settings for mutmut: add [tool.mutmut] with {paths}.")
    with _working_directory(ROOT):  # where mutmut reads its settings, in pyproject.toml
        module, mutations, *_ = file_mutation.create_mutations(str(path), text)
    for one in mutations:
        changed: Any = file_mutation.deep_replace(module, one.original_node, one.mutated_node)
        yield changed.code


@contextmanager
def _working_directory(folder: Path) -> Iterator[None]:
    """Change the working directory for the context; Python 3.10 has no ``contextlib.chdir``."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _by_cosmic_ray(path: Path, text: str) -> Iterator[str]:
    from cosmic_ray import plugins
    from cosmic_ray.mutating import mutate_code

    for name in sorted(set(plugins.operator_names())):
        try:
            operator = plugins.get_operator(name)()
        except TypeError:
            continue  # needs arguments: the names of variables
        occurrence = 0
        while (changed := mutate_code(text, operator, occurrence)) is not None:
            yield changed
            occurrence += 1


def _described(module: str, engine: str, text: str, changed: str) -> Mutant:
    old, new = text.splitlines(), changed.splitlines()
    blocks = [
        block for block in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes() if block[0] != "equal"
    ]
    before = [line.strip() for _, start, end, _, _ in blocks for line in old[start:end]]
    after = [line.strip() for _, _, _, start, end in blocks for line in new[start:end]]
    return Mutant(module, engine, blocks[0][1] + 1, "\n".join(before), "\n".join(after), changed)


# ---- what becomes of them ----------------------------------------------------------------------------------------


class _UntilOneIsLost:
    """A pytest plugin that ends the run at the first test that doesn't pass."""

    def __init__(self) -> None:
        self.session: pytest.Session | None = None

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self.session = session

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        outcome = getattr(report, "grade", None)
        if outcome is not None and outcome["state"] != State.PASSED.value and self.session is not None:
            self.session.shouldstop = "lost"


def try_one(mutant: Mutant, seed: int = SEED) -> MutantResult:
    """Grade a mutant until it fails a test."""
    started = time.perf_counter()
    with interruptible(), TemporaryDirectory(prefix="harness-mutant-") as place:
        folder = Path(place) / "submission"
        write_solution(folder)
        (folder / f"{mutant.module}.py").write_text(mutant.text, encoding="utf-8")
        tests = of_code(mutant.part)
        gradebook = grade(
            folder,
            parts=tests,
            seed=seed,
            launcher=shared_launcher(large=problem().named(mutant.module).own_server),
            watch=_UntilOneIsLost(),
        )
    faults = [outcome.fault for _, outcome in gradebook.results if outcome.fault]
    lost = (
        test.number
        for test, outcome in gradebook.results
        if test.number in tests and outcome.state not in (State.PASSED, State.NOT_RUN)
    )
    return MutantResult(mutant, next(lost, ""), time.perf_counter() - started, "\n".join(faults))


def try_all(mutants: Sequence[Mutant], jobs: int | None = None) -> Iterator[MutantResult]:
    """Grade mutants in several processes, and yield results as they finish."""
    with pool(jobs) as processes:
        futures = [processes.submit(try_one, mutant) for mutant in mutants]
        for future in as_completed(futures):
            yield future.result()
