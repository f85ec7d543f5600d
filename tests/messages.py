"""The texts that students and staff can meet: ``python -m tests.messages`` lists them with file and line.

They are collected from the code: what commands print, the texts of exceptions, findings, hints and notes of tests,
lines of the checklist, help of commands and options, texts of pages, and titles of tests. A placeholder stands for
each value in an f-string.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from harness import ROOT
from harness.catalog import SUITES, read_suites

__all__ = ["Message", "broken_rules", "collected", "in_template", "in_text", "main"]

FOLDERS = ("harness", "grader", "course")
#: Folders of other people's texts, of the solution, and of what no report shows.
NO_MESSAGES = frozenset({"cases", "solution", "data", "facts"})
#: Functions that show each of their texts as it is.
SHOWN = frozenset(
    {"CheckFailure", "NotMade", "Refused", "assert_true", "fail", "log", "note", "print", "say", "stop", "tell", "warn"}
)
#: Arguments with a text that is shown as it is.
SHOWN_ARGUMENTS = frozenset({"finding", "help", "hint"})
#: Texts of these exceptions are parts of a sentence that whoever catches them makes, or are for developers.
_PARTS = """
    ArchiveError AssertionError BlockingIOError CatalogError CheckpointError ConflictError Died KeyError NotebookError
    NotImplementedYet OSError refuse
    PermissionError ProtocolError RuntimeError SandboxError TypeError UnreadableError ValueError _TooMuch ended
    UnusableDataError DataError Diverged Failure FormulaError RecordError RefusedError StudentCodeError _not_downloaded
"""
PARTS = frozenset(_PARTS.split())
MOST_WORDS = 30
#: Words and phrases of a private language, as regular expressions, each with what to write.
COINED = {
    r"\bcrew\b": "process pool",
    r"\bsiege\b": "attack runner",
    r"\bwall\b": "sandbox",
    r"\bward\b": "sandbox",
    r"\bdrills?\b": "worker function",
    r"\bexams?\b": "validation",
    r"\bledger\b": "journal",
    r"\b(?:the|a|each|no|your|his|their) hand-ins?\b": "submission",
    r"[Ww]hat (?:was|is) handed in": "the submission",
    r"[Ww]ho handed in": "a submission of",
    r"takes? the place of|[Ii]n the place of": "replaces, instead of",
    r"dead weight": "superfluous",
    r"\banew\b": "again, new",
    r"(?<!here )\bis no (?!longer\b)\w": "is not a …",
    r"(?<!here )\bare none\b": "are not …",
    r"\bcan't be used\b(?! here)": "is not valid: …",
    r"\bthis software has a fault\b": "the grader had a fault",
    r"\bbut for\b": "except",
    r"\bbe it\b": "whether",
    r"\bas it were\b": "leave it out",
    r"\bmend\b": "fix",
}
PROSE = re.compile(r"[A-Za-z]{2}")
#: What no reader meets: regular expressions, code, mark-up, SQL, names of files.
NO_PROSE = re.compile(
    r"\\w|\\d|\(\?|^docker |^\s*</?\w|^(?:import|from|def|class|SELECT|INSERT|CREATE|PRAGMA|BEGIN) "
    r"|^\n|json\.dumps|-src '"
)
SENTENCE = re.compile(r"(?<=[.!?:])\s+|\n\n+")
#: What is not shown of a template.
NO_TEXT = re.compile(r"<style>.*?</style>|<script.*?</script>|<svg.*?</svg>|\{#.*?#\}", re.DOTALL)
PLACEHOLDER = re.compile(r"\{[^{}]*\}")
END = re.compile(r"(?:[.!?:…)]|\.\.\.|\{[^{}]*\})[”\"']?\s*$")


@dataclass(frozen=True)
class Message:
    """A text in the code that a user may meet."""

    file: str
    line: int
    text: str
    whole: bool
    """It is shown as it is, and not as a part of a sentence."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {' '.join(self.text.split())}"


def collected() -> list[Message]:
    """All messages, in the order of files and lines; titles of tests come last."""
    found: list[Message] = []
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT)
            if NO_MESSAGES.isdisjoint(name.parts):
                found += in_text(path.read_text(encoding="utf-8"), name.as_posix())
        for path in sorted((ROOT / folder).rglob("*.html.j2")):
            found += in_template(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix())
    suites = SUITES.relative_to(ROOT)
    return found + [Message((suites / test.file).as_posix(), 0, test.title, whole=True) for test in read_suites()]


def in_text(text: str, name: str = "") -> Iterator[Message]:
    """The messages of a Python file.

    Args:
        name: the path of the file, as reports name it.
    """
    for line, found, whole in _walked(ast.parse(text), whole=False):
        if len([word for word in found.split() if PROSE.search(word)]) >= 3 and not NO_PROSE.search(found):
            yield Message(name, line, found, whole)


def in_template(text: str, name: str = "") -> Iterator[Message]:
    """The texts of a page's template, without its tags."""
    plain = NO_TEXT.sub(lambda match: "\n" * match[0].count("\n"), text)
    plain = re.sub(r"\{\{.*?\}\}", "{…}", plain, flags=re.DOTALL)
    line = 1
    for piece in re.split(r"(<[^>]*>|\{%.*?%\})", plain, flags=re.DOTALL):
        if not piece.startswith(("<", "{%")) and len(re.findall(r"[A-Za-z]{2,}", piece)) >= 3:
            yield Message(
                name, line + piece[: len(piece) - len(piece.lstrip())].count("\n"), piece.strip(), whole=False
            )
        line += piece.count("\n")


def _walked(node: ast.AST, whole: bool) -> Iterator[tuple[int, str, bool]]:
    """The texts below a node, each with its line and whether it is shown as it is; docstrings are left out."""
    if isinstance(node, ast.expr) and (text := _text(node)) is not None:
        yield node.lineno, text, whole
        return
    if isinstance(node, ast.FunctionDef) and "typer." in ast.unparse(node.args) and (said := ast.get_docstring(node)):
        yield node.body[0].lineno, said, True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        for argument in node.exc.args:
            yield from _walked(argument, _name(node.exc) not in PARTS)
    elif isinstance(node, ast.Call):
        for argument in node.args:
            yield from _walked(argument, _name(node) in SHOWN)
        for keyword in node.keywords:
            yield from _walked(keyword.value, keyword.arg in SHOWN_ARGUMENTS)
    else:
        for child in ast.iter_child_nodes(node):
            yield from _walked(child, whole and isinstance(node, ast.IfExp))


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _text(node: ast.expr) -> str | None:
    """A string, an f-string or a sum of them, with a placeholder for each value; None for anything else."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        pieces = [one.value if isinstance(one, ast.Constant) else _placeholder(one) for one in node.values]
        return "".join(map(str, pieces))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        both = _text(node.left), _text(node.right)
        return None if both == (None, None) else "".join("{…}" if one is None else one for one in both)
    return None


def _placeholder(node: ast.expr) -> str:
    """As ``{path}``; what is longer is shortened."""
    inner = ast.unparse(node.value) if isinstance(node, ast.FormattedValue) else "…"
    return "{" + (inner if re.fullmatch(r"[\w.]{1,30}", inner) else "…") + "}"


def broken_rules(message: Message) -> Iterator[str]:
    """The rules that a message breaks, each in a few words."""
    text = message.text.strip()
    for pattern, better in COINED.items():
        if match := re.search(pattern, text):
            yield f"“{match[0].strip()}”: write “{better}”"
    for sentence in SENTENCE.split(text):
        if len(sentence.split()) > MOST_WORDS:
            yield f"more than {MOST_WORDS} words: {sentence}"
    if message.whole and not END.search(text):
        yield "no full stop at the end"


def main() -> int:
    """Print every message, or, with ``--broken``, those that break a rule; exit code 1 if there are any of these."""
    messages = collected()
    broken = [f"{one}\n    {rule}" for one in messages for rule in broken_rules(one)]
    print("\n".join(broken if "--broken" in sys.argv[1:] else map(str, messages)))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
