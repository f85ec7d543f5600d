"""The pages of the documentation: their sentences, links and paths. :mod:`tests.prose` and tests hold them to rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from harness import ROOT

__all__ = ["MOST_WORDS", "broken_links", "long_sentences", "missing_paths", "pages", "printed_commands"]

MOST_WORDS = 30
"""The largest number of words that a sentence may have."""
FENCED = re.compile(r"^ *(```+).*?^ *\1\s*$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?:(?<=\n\n)|\A)(?: {4}.*\n?)+")
#: A line of a code block that is indented, and a row of a table.
NO_SENTENCES = re.compile(r"^(?: {4,}|\t|\|).*$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
OF_THE_REPOSITORY = re.compile(
    r"`((?:student|course|fixtures|grader|harness|tests|benchmarks|docs|examples|\.ci)/[\w./-]*)`"
)
#: Paths that only come with a student's work.
MADE_LATER = frozenset({"student/ai-logs/"})


def pages() -> list[Path]:
    """README.md, CONTRIBUTING.md, CHANGELOG.md and the pages of docs/."""
    top = (ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"))
    return [*top, *sorted((ROOT / "docs").glob("*.md"))]


def long_sentences(text: str) -> Iterator[str]:
    """The sentences of a Markdown text that have too many words; code blocks and tables have none."""
    text = NO_SENTENCES.sub("", FENCED.sub("", text))
    for block in re.split(r"\n\s*\n|\n(?=\s*(?:[-#]|\d+\.) )", text):
        for sentence in re.split(r"(?:(?<=[.!?:])|(?<=[.!?:]\*\*))\s+", " ".join(block.split())):
            if len(sentence.split()) > MOST_WORDS:
                yield sentence


def broken_links(page: Path) -> Iterator[str]:
    """The links of a page that lead to no file, or to no heading of it. Addresses on the web are not tried."""
    for target in LINK.findall(FENCED.sub("", page.read_text(encoding="utf-8"))):
        place, _, anchor = target.partition("#")
        file = page.parent / place if place else page
        if re.match(r"\w+:", target):
            continue
        if not file.exists() or (anchor and anchor not in _anchors(file.read_text(encoding="utf-8"))):
            yield f"{page.name}: {target}"


def missing_paths(page: Path) -> Iterator[str]:
    """The paths of this repository that a page names between backticks, and that don't exist."""
    for name in OF_THE_REPOSITORY.findall(page.read_text(encoding="utf-8")):
        if name not in MADE_LATER and not (ROOT / name).exists():
            yield f"{page.name}: {name}"


def printed_commands(text: str) -> Iterator[str]:
    """The lines of a page's code blocks, without comments; a line that ends in a backslash goes on in the next one."""
    blocks = [*FENCED.finditer(text), *INDENTED.finditer(FENCED.sub("", text))]
    for block in blocks:
        lines = re.sub(r"\\\n\s*", "", block[0]).splitlines()
        for line in lines:
            command = re.sub(r"\s+#.*", "", line).strip()
            if command and not command.startswith("```"):
                yield command


def _anchors(text: str) -> set[str]:
    """What GitHub calls the headings of a page in addresses."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
