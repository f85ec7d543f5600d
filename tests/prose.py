"""Check the prose of this software: ``python -m tests.prose``, a part of ``make check``.

Two rules: the docstring of an attribute is a whole sentence, and says what the attribute is. It begins with a capital
letter, a digit, a shape or code, and not with a preposition or a relative word; it ends with a full stop. And no
sentence of README.md, CONTRIBUTING.md, CHANGELOG.md and docs/ has more than 30 words.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from harness import ROOT
from tests.pages import MOST_WORDS, long_sentences, pages

__all__ = ["fragments", "main"]

WORDS = """
about above after around as at because before behind below beside besides between by during for from how if in into
of on over since so than that through to under until what whatever when where whether which while who whose with without
"""
NO_SUBJECT = frozenset(WORDS.split())
#: The text of a whole sentence. A digit, a code or a shape such as ``(N, C)`` may begin it as well.
SENTENCE = re.compile(r"[A-Z0-9`(\[:].*\.", re.DOTALL)
#: The folders whose modules are checked. Cases are left out, because they imitate other authors.
FOLDERS = ("benchmarks", "course", "docs", "fixtures", "grader", "harness", "student", "tests", "examples/softmax")


def fragments(text: str) -> Iterator[tuple[int, str]]:
    """Docstrings of attributes and constants that aren't whole sentences, each with its line number.

    Args:
        text: a Python file.
    """
    for node in ast.walk(ast.parse(text)):
        body = getattr(node, "body", None)
        for attribute, after in pairwise(body) if isinstance(body, list) else ():
            if not isinstance(attribute, ast.Assign | ast.AnnAssign) or not isinstance(after, ast.Expr):
                continue
            if isinstance(after.value, ast.Constant) and isinstance(after.value.value, str):
                words = " ".join(after.value.value.split())
                if words.partition(" ")[0].lower() in NO_SUBJECT or not SENTENCE.fullmatch(words):
                    yield after.lineno, words


def main() -> int:
    """Print every text that breaks a rule. Exit code 1: there are some."""
    found = [
        f"{path.relative_to(ROOT)}:{line}: an attribute's docstring is not a whole sentence: {text}"
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "cases" not in path.parts
        for line, text in fragments(_read(path))
    ]
    found += [
        f"{page.relative_to(ROOT)}: more than {MOST_WORDS} words: {one}"
        for page in pages()
        for one in long_sentences(_read(page))
    ]
    print("\n".join(found) or "Docstrings of attributes are whole sentences, and no sentence of the pages is too long.")
    return 1 if found else 0


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
