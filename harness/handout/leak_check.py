"""Check by content, not by file name, that the students' files reveal nothing secret of the problem set.

The reference solution, the hidden tests, the validation cases (changed solutions) and the held-out images are secret. A
file leaks if it shares a run of :data:`RUN` words and signs with a secret, in any layout. Text of the stubs and the
course's code doesn't count. For hidden tests, text of public tests doesn't count, and for cases, common code of the
grader doesn't. Leaks of the solution are checked against all of that. An array leaks if it contains a held-out image.
"""

from __future__ import annotations

import ast
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from harness import ROOT
from harness.catalog import read_suites
from harness.non_empty import NothingFoundError, at_least_one
from harness.problem import problem
from harness.submission import answers
from harness.submission.required_names import FILES, MODULES, NAMES
from harness.submission.stubs import is_stub

__all__ = ["RUN", "Leak", "hidden_suites", "leaks", "secrets"]

Kind = Literal["wrong", "right", "broken"]
RUN = 16
"""The number of words and signs in a run. The longest run that the solution and the suites share by chance is shorter.
"""
BOILERPLATE = "def __init__(self) -> None: super().__init__() self."
"""The words that every module of PyTorch begins with."""
WORD = re.compile(r"\w+|[^\w\s]")
SOLUTION = problem().solution
SUITES = problem().suites
CASES = problem().cases
HELD_OUT = problem().held_out
UNPROVEN = "nothing would be proven without it, so restore it"


@dataclass(frozen=True)
class Leak:
    """A run of secret words in a file that students get."""

    file: str
    secret: str
    """The secret file that has the same run."""
    text: str

    def __str__(self) -> str:
        return f"{self.file} has this in common with {self.secret}: {self.text}"


def secrets() -> dict[str, str]:
    """The secret texts by path.

    Raises:
        NothingFoundError: a module of the solution or a kind of cases is missing.
    """
    paths = [
        *(SOLUTION / f"{module}.py" for module in MODULES.values()),
        *sorted(SOLUTION.glob("*.py")),
        *(SUITES / file for file in hidden_suites()),
        *(path for kind in get_args(Kind) for path in _cases(kind)),
        CASES / "equivalent.toml",
        *([HELD_OUT / "make.py"] if problem().problem.held_out else []),
    ]
    if missing := [path.relative_to(ROOT).as_posix() for path in paths if not path.is_file()]:
        raise NothingFoundError(f"{', '.join(missing)} is missing: {UNPROVEN}.")
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in paths}


def _cases(kind: str) -> tuple[Path, ...]:
    return at_least_one(sorted((CASES / kind).glob("*.py")), f"A {kind} case", UNPROVEN)


def hidden_suites() -> list[str]:
    """The suites with a hidden test. Students get none of them, whatever their file names."""
    return sorted({test.file for test in read_suites() if test.hidden})


def leaks(files: Mapping[str, bytes]) -> list[Leak]:
    """Find secret text and images in files, and files that can't be checked.

    Raises:
        NothingFoundError: there are no files, or a secret is too short to be recognised.
    """
    at_least_one(files, "A file for students", "the hand-out would be empty")
    texts = {name: text for name, data in files.items() if (text := _text(name, data)) is not None}
    found = [
        Leak(name, "no file that is known", "its content can't be looked at")
        for name, data in files.items()
        if name not in texts and not _is_known(name, data)
    ]
    found += [Leak(name, "no stub", "something is filled in") for name in texts if _is_filled_stub(name, texts[name])]
    found += [Leak(name, "no stub", "only the stubs belong there") for name in files if _is_stray(name)]
    found += _shown_images(files)
    place = problem().place
    known = _runs([BOILERPLATE, *_read("student", *problem().problem.readable)])
    suites, grader = known | _runs(_read(f"{place}/suites")), known | _runs(_read(place, "harness"))
    of_secrets: dict[tuple[str, ...], str] = {}
    for secret, text in secrets().items():
        public = known if "/solution/" in secret else suites if "/suites/" in secret else grader
        runs = _runs([text]) - public
        if not runs and _must_be_recognised(secret):
            raise NothingFoundError(f"{secret} has no {RUN} words of its own: a copy of it would not be found.")
        for run in runs:
            of_secrets.setdefault(run, secret)
    for name, text in texts.items():
        for run in sorted(_runs([text]) & of_secrets.keys())[:3]:
            found.append(Leak(name, of_secrets[run], " ".join(run)))
    return found


def _must_be_recognised(secret: str) -> bool:
    """Whether a secret must have recognisable text: all but short cases and ``__init__.py`` files."""
    return "/cases/" not in secret and Path(secret).stem != "__init__"


def _runs(texts: Iterable[str]) -> set[tuple[str, ...]]:
    found: set[tuple[str, ...]] = set()
    for text in texts:
        words = WORD.findall(text)
        found.update(tuple(words[at : at + RUN]) for at in range(len(words) - RUN + 1))
    return found


def _read(*folders: str) -> Iterator[str]:
    """The texts of the modules in these folders of the repository, without secrets."""
    hidden = hidden_suites()
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        parts = path.relative_to(ROOT).parts
        if path.name not in hidden and parts[1] not in ("solution", "cases", "validation", "handout", "data"):
            yield path.read_text(encoding="utf-8")


def _text(name: str, data: bytes) -> str | None:
    """A file as text, or None if it isn't text. For a notebook, this is all text in it, with metadata and outputs."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if name.endswith(".ipynb"):
        return "\n".join(_strings(json.loads(text)))
    return text


def _strings(data: object) -> Iterator[str]:
    """All texts in a JSON value. A list of lines counts as one text."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, list) and all(isinstance(one, str) for one in data):
        yield "".join(data)
    elif isinstance(data, (list, dict)):
        for key, one in data.items() if isinstance(data, dict) else enumerate(data):
            yield str(key)
            yield from _strings(one)


def _is_known(name: str, data: bytes) -> bool:
    """Whether a binary file equals a data file that the manifest names, byte for byte."""
    path = ROOT / name
    if name not in problem().hand_out.data or not path.is_file() or path.read_bytes() != data:
        return False
    if name.endswith(".npz"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive, np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            return {f"{key}.npy" for key in arrays} == set(archive.namelist())
    return name.endswith(".safetensors")


def _shown_images(files: Mapping[str, bytes]) -> Iterator[Leak]:
    """Find arrays with a held-out image.

    Raises:
        NothingFoundError: the held-out images are missing, so that nothing could be found.
    """
    if not problem().problem.held_out:
        return
    secret: dict[bytes, str] = {}
    remedy = f"make them with python {problem().place}/data/make.py"
    for path in at_least_one(sorted(HELD_OUT.glob("*.npz")), "An archive of held-out images", remedy):
        secret.update(dict.fromkeys(_images(path.read_bytes()), path.relative_to(ROOT).as_posix()))
    for name, data in files.items():
        if name.endswith(".npz") and zipfile.is_zipfile(io.BytesIO(data)):
            shown = secret.keys() & set(_images(data))
            if shown:
                yield Leak(name, secret[min(shown)], f"{len(shown):,} held-out images")


def _images(data: bytes) -> Iterator[bytes]:
    """The bytes of each image in an .npz file."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        for key in arrays.files:
            if arrays[key].ndim > 2:
                yield from (image.tobytes() for image in arrays[key])


def _is_stray(name: str) -> bool:
    """Whether a file of student/ is neither a stub nor the empty answers, such as a draft, a log or results."""
    path = Path(name)
    return path.parts[0] == "student" and path.as_posix() not in {f"student/{file}" for file in (*FILES, "answers.md")}


def _is_filled_stub(name: str, text: str) -> bool:
    """Whether a module of student/ or its answers have more than a stub."""
    path = Path(name)
    if name == "student/answers.md":
        return answers.is_written(text)
    if path.parent.name != "student" or path.stem not in MODULES.values():
        return False
    names = NAMES[path.stem]
    defined = [node for node in ast.parse(text).body if _defines(node)]
    return not all(map(is_stub, defined)) or {one for node in defined for one in _defines(node)} != set(names)


def _defines(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {one.id for target in targets for one in ast.walk(target) if isinstance(one, ast.Name)}
