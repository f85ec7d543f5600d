"""Code names of submissions, and the order in which a marker sees them. Both come from digests, and never change."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime

from harness.classroom.marking import Marks

__all__ = ["code_names", "in_sample", "label", "next_answer", "order"]

BIRDS = (
    *("avocet", "bittern", "bluethroat", "bunting", "chiffchaff", "chough", "cormorant", "crane", "curlew", "dipper"),
    *("dove", "dunlin", "egret", "eider", "falcon", "finch", "goldcrest", "goshawk", "grebe", "harrier", "heron"),
    *("hoopoe", "ibis", "jackdaw", "kestrel", "kingfisher", "kite", "lapwing", "lark", "linnet", "magpie", "martin"),
    *("merlin", "nightjar", "nuthatch", "oriole", "osprey", "owl", "petrel", "pipit", "plover", "puffin", "quail"),
    *("raven", "redstart", "robin", "sandpiper", "shrike", "siskin", "skua", "snipe", "starling", "stork", "swallow"),
    *("swan", "swift", "teal", "tern", "thrush", "treecreeper", "wagtail", "warbler", "waxwing", "wren"),
)


def code_names(ids: Iterable[str]) -> dict[str, str]:
    """A code name for each submission, such as ``heron-4821``. It reveals neither names nor order."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for id in sorted(ids):
        number = _number("code name", id)
        while (name := f"{BIRDS[number % len(BIRDS)]}-{number // len(BIRDS) % 9000 + 1000}") in taken:
            number += 1
        taken.add(name)
        found[id] = name
    return found


def label(code: str) -> str:
    """A code name in a readable form."""
    return code.replace("-", " ").capitalize()


def order(marker: str, question: str, ids: Iterable[str]) -> list[str]:
    """A fixed random order for each marker and question, so that no answer is always marked first."""
    return sorted(ids, key=lambda id: _number(marker, question, id))


def in_sample(question: str, id: str, percent: float) -> bool:
    """Whether an answer is in the sample that two markers mark."""
    return _number("sample", question, id) / 2**64 * 100 < percent


def next_answer(
    marks: Marks, marker: str, question: str, ids: Sequence[str], now: datetime, behind: str = ""
) -> tuple[str, bool] | None:
    """The next answer for a marker: an unmarked, unclaimed one, and after these one of the second marker's sample.

    Args:
        ids: all submissions.
        behind: the submission that was marked last.

    Returns:
        The submission, and whether it is marked for the second time; None if nothing is left.
    """
    sequence = order(marker, question, ids)
    start = sequence.index(behind) + 1 if behind in sequence else 0
    sequence = sequence[start:] + sequence[:start]

    def is_free(id: str) -> bool:
        claim = marks.claim(id, question, now)
        return claim is None or claim.by == marker

    for id in sequence:
        if marks.mark(id, question) is None and is_free(id):
            return id, False
    for id in sequence:
        first = marks.mark(id, question)
        again = first is not None and first.by != marker and in_sample(question, id, marks.second_percent)
        if again and marks.mark(id, question, second=True) is None and is_free(id):
            return id, True
    return None


def _number(*parts: str) -> int:
    return int.from_bytes(hashlib.sha256("\0".join(parts).encode(errors="surrogatepass")).digest()[:8], "big")
