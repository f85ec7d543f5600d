"""The problem set of this repository, read from its manifest.

The manifest is ``problem.toml`` in the folder that pyproject.toml names in ``[tool.harness]``. It is read once, on
first use. The harness knows a problem set only from it.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterable, Sequence
from functools import cache, cached_property
from pathlib import Path
from types import ModuleType
from typing import Literal, TypeVar

import msgspec

from harness import ROOT
from harness.numbers import is_part, lies_in, sort_key

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = [
    "FILE",
    "RUBRIC",
    "About",
    "Feature",
    "HandOut",
    "Limits",
    "Module",
    "Part",
    "ProblemError",
    "ProblemSet",
    "Question",
    "RubricItem",
    "load",
    "problem",
    "tomllib",
]

FILE = "problem.toml"
RUBRIC = "rubric.toml"
"""The file beside the manifest with the rubric of the questions. Students don't get it."""

Read = TypeVar("Read")

Feature = Literal["notebook", "answers", "writeup", "experiments", "ai-logs", "team"]
"""A kind of thing that students submit besides modules. The checklist in a report asks for it.

``notebook`` needs the file notebook.md beside the manifest: students get the notebook that is made from it.
"""


class ProblemError(Exception):
    """The problem set can't be used. The text is one sentence that says what is wrong."""


class _Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """A table of the manifest. An unknown key is an error."""


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits of one worker."""

    call_seconds: float = 6.0
    """Seconds of one call on a machine of nominal speed, without the time that it waits for a core."""
    test_seconds: float = 20.0
    """Seconds of all calls of one test together, measured in the same way."""
    start_seconds: float = 60.0
    """Wall-clock seconds until a spawned worker is ready. It has to import torch."""
    cpu_seconds: int = 60
    """Seconds of processor time of one worker."""
    memory_bytes: int = 2 << 30
    """Bytes of address space of a worker, besides those that the server already has."""
    file_bytes: int = 32 << 20
    """The most bytes of a file that a worker writes."""
    scratch_bytes: int = 256 << 20
    """The most bytes of all files in a worker's scratch folder."""
    scratch_files: int = 5000
    """The most files and folders in a worker's scratch folder."""
    open_files: int = 64
    """The most files that a worker has open at the same time. With ``file_bytes``, this bounds what removed files can
    hold.
    """
    threads: int = 64
    """The most threads of a worker with its own user id. Without one, only the address space bounds them."""
    output_bytes: int = 20_000
    """The most bytes that are kept of a worker's output. The rest is read and dropped."""


class About(_Record, frozen=True):
    """The names of the problem set, and what it consists of."""

    course: str
    title: str
    stem: str
    """The beginning of the file names of the hand-out, the notebook and submissions."""
    features: frozenset[Feature] = frozenset()
    warm_up: tuple[str, ...] = ()
    """The modules that the server imports before it starts the first worker."""
    readable: tuple[str, ...] = ()
    """Folders of the repository that student code may read. The first is a package that it may import."""
    held_out: str = ""
    """The self-check's name for the held-out data in data/. It is empty if there are none."""
    data_sets: tuple[str, ...] = ()
    """Classes that read or download data. A notebook's statements that use them are left out of its modules."""
    requirements: tuple[str, ...] = ()
    """The packages that students use besides those of the harness, as pip reads them."""

    @property
    def packages(self) -> tuple[str, ...]:
        """The names of the required packages, without their versions."""
        return tuple(re.split(r"[^\w.-]", requirement, maxsplit=1)[0] for requirement in self.requirements)

    @property
    def name(self) -> str:
        """The course and the title as one text, for headings."""
        return f"{self.course} {self.title}"


class Module(_Record, frozen=True):
    """A module that students write."""

    name: str
    part: str
    """The part of the handout that the module belongs to. ``2`` stands for 2.1, 2.2 and so on, which ``names`` has."""
    names: dict[str, str]
    """The names that the module must define, each with its part, in the order of the stub."""
    preload: tuple[str, ...] = ()
    """The modules that its workers need and that take a second or longer to import."""
    own_server: bool = False
    """The module has a fork server of its own, because its preloaded modules make later workers slower."""

    @property
    def file(self) -> str:
        return f"{self.name}.py"


class Part(_Record, frozen=True):
    """A part of the handout and its points."""

    number: str
    title: str
    handout: int
    """The points that the handout gives."""
    automatic: int
    """The points that the suites grade."""


class RubricItem(_Record, frozen=True):
    """A line of a question's rubric when marking begins. Markers can change it later."""

    points: float
    """The points that the item adds or, below zero, subtracts."""
    text: str
    """The sentence that a student reads."""
    note: str = ""
    """A note for markers, which students never see."""


class Question(_Record, frozen=True):
    """A question that is marked by hand: an answer in words, or a figure."""

    part: str
    title: str
    points: int
    asks: str = ""
    """One or two sentences for students and markers on what the answer must contain."""
    key: str = ""
    """A permanent name under which marks are stored. A part's only question needs none: its name is the part."""
    words: int | None = None
    """The limit of words; None: no limit."""
    figure_only: bool = False
    """The question asks for a figure alone, so that an empty answer is complete."""
    items: tuple[RubricItem, ...] = ()
    """The rubric from rubric.toml. The items that add points sum up to the question's points."""

    @property
    def id(self) -> str:
        """The question's key, or the part if it is the part's only question."""
        return self.key or self.part


class _Item(_Record, frozen=True):
    """A table of rubric.toml. The rubric is a file of its own, because students get the manifest."""

    question: str
    """The question's key, or its part."""
    points: float
    text: str
    note: str = ""


class _Rubric(_Record, frozen=True):
    item: tuple[_Item, ...]


class HandOut(_Record, frozen=True):
    """What students get besides the stubs, the suites, and the machinery that runs them."""

    files: tuple[str, ...] = ()
    """The paths of single files in the repository. Students always get README.md and pyproject.toml."""
    left_out: tuple[str, ...] = ()
    """The paths, or their beginnings, in these folders and the problem set's own that students don't get."""
    data: tuple[str, ...] = ()
    """The .npz and .safetensors files that students get. All other files must be text."""


class ProblemSet(_Record, frozen=True):
    """A problem set: its modules, parts, questions and points."""

    problem: About
    module: tuple[Module, ...]
    part: tuple[Part, ...]
    question: tuple[Question, ...] = ()
    hand_out: HandOut = HandOut()
    limits: Limits = Limits()
    provided: dict[str, str] = {}
    """The names that the course provides, each with the module that has it."""
    slowest_first: tuple[str, ...] = ()
    """The modules in the order in which validation starts them, so that no process ends long after the others."""
    folder: Path = Path()
    """The folder of the manifest, with the suites, the solution and the cases beside it."""

    @property
    def suites(self) -> Path:
        """The folder with the tests."""
        return self.folder / "suites"

    @property
    def solution(self) -> Path:
        """The folder with the reference solution. Students don't get it."""
        return self.folder / "solution"

    @property
    def cases(self) -> Path:
        """The folder with the validation cases. Students don't get it."""
        return self.folder / "cases"

    @property
    def held_out(self) -> Path:
        """The folder with data that neither students nor their code see."""
        return self.folder / "data"

    @property
    def place(self) -> str:
        """The folder's path in the repository, as ``grader``."""
        return self.folder.relative_to(ROOT).as_posix() if self.folder.is_relative_to(ROOT) else self.folder.name

    def own_module(self, name: str) -> ModuleType | None:
        """A module beside the manifest, or None if this problem set has none of this name."""
        if not (self.folder / f"{name}.py").is_file():
            return None
        return importlib.import_module(f"{self.folder.name}.{name}")

    @cached_property
    def modules(self) -> dict[str, str]:
        """The names of the modules, by the part that each belongs to, in the manifest's order."""
        return {module.part: module.name for module in self.module}

    @cached_property
    def automatic(self) -> int:
        """The points that the suites give."""
        return sum(part.automatic for part in self.part)

    @cached_property
    def handout(self) -> int:
        """The points of the handout."""
        return sum(part.handout for part in self.part)

    @property
    def by_hand(self) -> int:
        """The points that are given by hand."""
        return self.handout - self.automatic

    def module_of(self, number: str) -> Module | None:
        """The module that a test or a part is about, or None."""
        return next((module for module in self.module if lies_in(number, module.part)), None)

    def named(self, name: str) -> Module:
        """The module with this name.

        Raises:
            KeyError: there is no such module.
        """
        return {module.name: module for module in self.module}[name]


@cache
def problem() -> ProblemSet:
    """The problem set of this repository.

    Raises:
        ProblemError: pyproject.toml names no problem set, or the manifest can't be used.
    """
    try:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
        folder = ROOT / project["tool"]["harness"]["problem"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ProblemError(f"pyproject.toml names no problem set in [tool.harness]: {error!r}.") from error
    return load(folder)


def load(folder: Path) -> ProblemSet:
    """The problem set in a folder.

    Raises:
        ProblemError: the manifest is missing, isn't TOML, has an unknown key or value, or contradicts itself.
    """
    path = folder / FILE
    found = _read(path, ProblemSet)
    rubric = folder / RUBRIC
    if rubric.is_file():
        found = _with_items(found, _read(rubric, _Rubric).item, rubric)
    for mistake in _mistakes(found):
        raise ProblemError(f"{path} contradicts itself: {mistake}.")
    return msgspec.structs.replace(found, folder=folder.resolve())


def _read(path: Path, form: type[Read]) -> Read:
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), form)
    except OSError as error:
        raise ProblemError(f"{path} can't be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise ProblemError(f"{path} is not valid: {str(error).rstrip('.')}.") from error


def _with_items(found: ProblemSet, items: Sequence[_Item], path: Path) -> ProblemSet:
    """The problem set with its rubric."""
    known = {question.id for question in found.question}
    for unknown in {item.question for item in items} - known:
        raise ProblemError(f"{path} has an item of question {unknown}, which is none of the questions in {FILE}.")
    questions = []
    for question in found.question:
        own = tuple(RubricItem(item.points, item.text, item.note) for item in items if item.question == question.id)
        questions.append(msgspec.structs.replace(question, items=question.items + own))
    return msgspec.structs.replace(found, question=tuple(questions))


def _mistakes(found: ProblemSet) -> Iterable[str]:
    """The mistakes in a manifest whose keys and types are right, each as a clause."""
    parts = [part.number for part in found.part]
    if not parts or not found.module:
        yield "it needs at least one [[module]] and one [[part]]"
    for kind, numbers in (("part", parts), ("module's part", [module.part for module in found.module])):
        yield from (f"{number} is not the number of a part" for number in numbers if not is_part(number))
        yield from (f"{number} is a {kind} twice" for number in _repeated(numbers))
    if parts != sorted(parts, key=sort_key):
        yield "its parts are not in ascending order"
    names = [module.name for module in found.module]
    yield from (f"there are two modules {name}" for name in _repeated(names))
    yield from (f"{name} can't be the name of a module" for name in names if not name.isidentifier())
    for module in found.module:
        if not module.names:
            yield f"module {module.name} has no names"
        for name, part in module.names.items():
            if part not in parts or not lies_in(part, module.part):
                yield f"{module.name}.{name} belongs to {part}, which is not a part of the module"
    for part in parts:
        of_part = [module.name for module in found.module if lies_in(part, module.part)]
        if len(of_part) != 1:
            yield f"part {part} belongs to {' and '.join(of_part) or 'no module'}"
    if found.slowest_first:
        yield from (f"slowest_first lacks {name}" for name in names if name not in found.slowest_first)
        yield from (
            f"slowest_first names {name}, which is not a module" for name in found.slowest_first if name not in names
        )
        yield from (f"slowest_first names {name} twice" for name in _repeated(found.slowest_first))
    yield from _mistakes_in_points(found)


def _mistakes_in_points(found: ProblemSet) -> Iterable[str]:
    by_hand = dict.fromkeys((part.number for part in found.part), 0)
    for question in found.question:
        if question.part not in by_hand:
            yield f"a question belongs to {question.part}, which is not a part"
        else:
            by_hand[question.part] += question.points
    for id in _repeated(question.id for question in found.question):
        yield f"two questions are called {id}: give each a key"
    for question in found.question:
        given = sum(item.points for item in question.items if item.points > 0)
        if question.items and given != question.points:
            yield f"the items of question {question.id} give {given:g} points, of {question.points}"
    for part in found.part:
        if not 0 <= part.automatic <= part.handout:
            yield f"part {part.number} has {part.automatic} automatic points of {part.handout}"
        elif by_hand[part.number] != part.handout - part.automatic:
            left = part.handout - part.automatic
            yield f"the questions of part {part.number} have {by_hand[part.number]} points, of {left} that are left"


def _repeated(values: Iterable[str]) -> list[str]:
    seen = list(values)
    return sorted({value for value in seen if seen.count(value) > 1})
