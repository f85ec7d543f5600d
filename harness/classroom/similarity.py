"""Find similar submissions of a class by copydetect's fingerprints of their modules, and write a page about them.

copydetect ignores names, comments, strings and white space. It compares the rest by overlapping pieces of 25 characters
(winnowing, as MOSS does). Pieces from the stubs or the course's code don't count. A module is compared with the same
module of every other submission, and with those of an earlier year if there are any. The page first shows groups: a
submission that is similar to one of a group belongs to the group.

copydetect's own page loads style and script from the network, and doesn't escape file names. This page is
self-contained. Texts of submissions are read up to a limit, and escaped.
"""

from __future__ import annotations

import hashlib
import io
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from harness import ROOT
from harness.problem import problem
from harness.reports.html import environment
from harness.reports.text import counted, cut, plain, write_atomically
from harness.submission.required_names import MODULES

__all__ = ["FILE", "Group", "Match", "Pair", "Similarity", "SimilarityError", "check_installed", "write_report"]

FILE = "similarity.html"
PROVIDED = (ROOT / "student", *(ROOT / name for name in problem().problem.readable))
"""The folders with modules that students were given."""
THRESHOLD = 0.6
"""The default threshold. Among validation's known-good submissions, independent ones share at most 0.53, and renamed
copies 0.75 to 1.
"""
MIN_CHARACTERS = 150
"""The fewest characters that two modules must share (about ten lines, each name counted as one character). Less is
similar by chance.
"""
PIECE = 25
"""The number of characters of a piece: copydetect's default."""
MAX_BYTES = 100_000
"""The most bytes of a module that are read. The longest correct module has 10,000."""
MAX_SHOWN = 30_000
"""The most characters of a module that the page shows."""
MAX_LISTED = 500
MAX_WITH_CODE = 25
"""The most pairs that are shown with their code."""


class SimilarityError(Exception):
    """Submissions can't be compared. The text is one sentence that says why and what to do."""


@dataclass(frozen=True)
class Match:
    """A module that is similar in two submissions."""

    module: str
    one: float
    """The share of the first module's own code that is also in the second."""
    other: float
    """The share of the second module's own code that is also in the first."""
    characters: int
    """The number of shared characters, with each name counted as one."""

    @property
    def similarity(self) -> float:
        return max(self.one, self.other)


@dataclass(frozen=True)
class Pair:
    """Two submissions with one or more modules over the threshold."""

    one: str
    other: str
    matches: tuple[Match, ...]
    is_earlier: bool = False
    """The second submission is of an earlier year."""

    @property
    def similarity(self) -> float:
        """The similarity of the most similar module."""
        return max(match.similarity for match in self.matches)

    @property
    def characters(self) -> int:
        return sum(match.characters for match in self.matches)


@dataclass(frozen=True)
class Group:
    """Submissions that are connected by similar pairs, directly or through others."""

    names: tuple[str, ...]
    earlier: tuple[str, ...]
    """The names of the members of an earlier year."""
    pairs: tuple[Pair, ...]
    equal: tuple[tuple[str, ...], ...] = ()
    """Groups of members whose modules are identical."""

    @property
    def modules(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(match.module for pair in self.pairs for match in pair.matches))

    @property
    def least(self) -> float:
        """The similarity of the least similar pair."""
        return min(pair.similarity for pair in self.pairs)

    @property
    def most(self) -> float:
        return max(pair.similarity for pair in self.pairs)

    @property
    def characters(self) -> int:
        return max(pair.characters for pair in self.pairs)


@dataclass(frozen=True)
class Similarity:
    """The outcome of the comparison."""

    page: Path
    submissions: int
    """The number of this year's submissions."""
    pairs: tuple[Pair, ...]
    """The pairs over the threshold, with the largest shares first."""
    notes: tuple[str, ...]
    """A sentence for each thing that could not be compared."""
    groups: tuple[Group, ...] = ()
    """The groups of the pairs, with the largest shares first."""
    earlier: int = 0
    """The number of submissions of an earlier year."""

    @property
    def summary(self) -> str:
        """The outcome as a sentence without a capital letter."""
        if self.submissions + self.earlier < 2 or not self.submissions:
            return (
                f"nothing was compared: it takes two submissions with code, and there is {self.submissions or 'none'}."
            )
        others = f", or with one of {self.earlier} of an earlier year" if self.earlier else ""
        if not self.pairs:
            return f"no two of {self.submissions} are alike{others}."
        between = sum(pair.is_earlier for pair in self.pairs)
        pairs = counted(len(self.pairs), "pair")
        groups = counted(len(self.groups), "group")
        with_earlier = f", {between} of them with an earlier year" if self.earlier else ""
        return f"{groups} of submissions that are alike, in {pairs}{with_earlier}, of {self.submissions}."


@dataclass(frozen=True)
class Passage:
    """A part of a module's text."""

    text: str
    shared: bool


def check_installed() -> None:
    """Check that copydetect is installed, before hours of grading.

    Raises:
        SimilarityError: copydetect is missing.
    """
    if find_spec("copydetect") is None:
        raise SimilarityError("copydetect is not installed: run pip install -e '.[similarity]'.")


def write_report(
    modules: Mapping[str, Path],
    out: Path,
    *,
    threshold: float = THRESHOLD,
    provided: Iterable[Path] = PROVIDED,
    earlier: Mapping[str, Path] | None = None,
) -> Similarity:
    """Compare submissions with each other, and write ``similarity.html``.

    Args:
        modules: a folder with all or some modules of each submission, by the submission's name.
        out: the folder for the page.
        threshold: the least share of a module's own code with which a pair is reported.
        provided: folders with modules that all students were given.
        earlier: folders of submissions of an earlier year, as ``modules``. They are only compared with this year's.

    Raises:
        SimilarityError: copydetect is missing.
    """
    check_installed()
    given = _pieces(provided)
    notes: list[str] = []
    former = {_other_name(name, modules): folder for name, folder in (earlier or {}).items()}
    everything = {**modules, **former}
    prints = {
        module: dict(_fingerprints(everything, f"{module}.py", given, notes))  # of one module at a time: O(n²) pairs
        for module in MODULES.values()
    }
    found: dict[tuple[str, str], list[Match]] = {}
    for module, of_names in prints.items():
        for one, other in itertools.combinations(of_names, 2):  # this year's come first
            if one in former:
                break
            match = _compare(module, of_names[one], of_names[other])
            if match.similarity >= threshold and match.characters >= MIN_CHARACTERS:
                found.setdefault((one, other), []).append(match)
    pairs = [Pair(one, other, tuple(matches), other in former) for (one, other), matches in found.items()]
    pairs.sort(key=lambda pair: (-pair.characters, pair.one, pair.other))
    groups = tuple(_groups(pairs, everything))
    result = Similarity(out / FILE, len(modules), tuple(pairs), tuple(notes), groups, len(former))
    write_atomically(result.page, _render(result, prints, threshold))
    return result


def _other_name(name: str, taken: Mapping[str, Path]) -> str:
    """A name for a submission of an earlier year that no submission of this year has."""
    while name in taken:
        name += " (earlier)"
    return name


def _groups(pairs: Sequence[Pair], modules: Mapping[str, Path]) -> Iterator[Group]:
    """The connected components of the pairs; the largest first."""
    of: dict[str, set[str]] = {}
    for pair in pairs:
        joined = of.get(pair.one, {pair.one}) | of.get(pair.other, {pair.other})
        of.update(dict.fromkeys(joined, joined))
    former = {pair.other for pair in pairs if pair.is_earlier}
    found = []
    for names in {id(joined): joined for joined in of.values()}.values():
        members = tuple(sorted(names, key=lambda name: (name in former, name)))
        own = tuple(pair for pair in pairs if pair.one in names)
        earlier = tuple(name for name in members if name in former)
        found.append(Group(members, earlier, own, tuple(_equal(members, modules))))
    yield from sorted(found, key=lambda group: (-len(group.names), -group.characters, group.names))


def _equal(names: Sequence[str], modules: Mapping[str, Path]) -> Iterator[tuple[str, ...]]:
    """Groups of names whose modules are all identical."""
    alike: dict[bytes, list[str]] = {}
    for name in names:
        alike.setdefault(_digest(modules[name]), []).append(name)
    yield from (tuple(same) for same in alike.values() if len(same) > 1)


def _digest(folder: Path) -> bytes:
    """A digest of all modules that doesn't depend on line ends."""
    digest = hashlib.sha256()
    for module in MODULES.values():
        path = folder / f"{module}.py"
        if not path.is_symlink() and path.is_file():
            with path.open("rb") as stream:
                data = stream.read(MAX_BYTES).replace(b"\r\n", b"\n")
            digest.update(module.encode() + hashlib.sha256(data).digest())
    return digest.digest()


def _pieces(folders: Iterable[Path]) -> np.ndarray:
    """The fingerprint of the provided modules, with every piece."""
    hashes: set[int] = set()
    for folder in folders:
        for file in sorted(folder.rglob("*.py")):
            hashes |= _fingerprint(_clean(file.read_bytes())).hashes
    return np.array(sorted(hashes), dtype=np.int64)


def _fingerprints(
    modules: Mapping[str, Path], file: str, given: np.ndarray, notes: list[str]
) -> Iterator[tuple[str, Any]]:
    """The fingerprint of one module for each submission whose module has enough code of its own."""
    for name, folder in modules.items():
        path = folder / file
        if path.is_symlink() or not path.is_file():
            continue
        try:
            with path.open("rb") as stream:
                data = stream.read(MAX_BYTES + 1)
            if len(data) > MAX_BYTES:
                notes.append(f"{file} of {name} has more than {MAX_BYTES:,} bytes and was not compared: look at it.")
                continue
            fingerprint = _fingerprint(_clean(data), given)
        except Exception as error:  # of one text, which must not end the comparison of all the others
            notes.append(f"{file} of {name} could not be compared ({type(error).__name__}): look at it.")
            continue
        if fingerprint.token_coverage >= MIN_CHARACTERS:
            yield name, fingerprint


def _clean(data: bytes) -> str:
    """A module's text for copydetect's lexer, without empty lines at the beginning."""
    text = data.decode("utf-8-sig", errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    return plain(text).strip("\n") + "\n"


def _fingerprint(text: str, given: np.ndarray | None = None) -> Any:
    from copydetect import CodeFingerprint

    made = CodeFingerprint("module.py", PIECE, 1, given, fp=io.StringIO(text))
    if len(made.offsets):  # how much was left out before a place never falls; after a class, copydetect 0.5 forgets it
        made.offsets[:, 1] = np.maximum.accumulate(made.offsets[:, 1])
    return made


def _compare(module: str, one: Any, other: Any) -> Match:
    from copydetect import compare_files

    characters, (of_one, of_other), _ = compare_files(one, other)
    return Match(module, float(of_one), float(of_other), int(characters))


# ---- the page ------------------------------------------------------------------------------------------------


def _render(result: Similarity, prints: Mapping[str, Mapping[str, Any]], threshold: float) -> str:
    pages = environment(Path(__file__).resolve().parent)
    pages.filters.update(plain=plain)
    return pages.get_template("similarity.html.j2").render(
        result=result,
        pages={(pair.one, pair.other): number for number, pair in enumerate(result.pairs[:MAX_WITH_CODE], 1)},
        threshold=threshold,
        minimum=MIN_CHARACTERS,
        listed=MAX_LISTED,
        with_code=[
            (pair, [(match, *_texts(prints[match.module], pair)) for match in pair.matches])
            for pair in result.pairs[:MAX_WITH_CODE]
        ],
    )


def _texts(prints: Mapping[str, Any], pair: Pair) -> tuple[list[Passage], list[Passage]]:
    """Both texts of a module, split into shared and other passages."""
    from copydetect import compare_files

    one, other = prints[pair.one], prints[pair.other]
    _, _, (of_one, of_other) = compare_files(one, other)
    return _passages(one.raw_code, of_one), _passages(other.raw_code, of_other)


def _passages(text: str, slices: np.ndarray) -> list[Passage]:
    shared = np.zeros(len(text), dtype=bool)
    for start, end in slices.T.astype(int):
        shared[start:end] = True
    passages = []
    start = 0
    for value, run in itertools.groupby(shared[:MAX_SHOWN].tolist()):
        end = start + sum(1 for _ in run)
        passages.append(Passage(text[start:end], value))
        start = end
    if len(text) > MAX_SHOWN:
        passages.append(Passage(cut(text, MAX_SHOWN).rpartition("\n")[2], False))
    return passages
