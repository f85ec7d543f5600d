"""The checklist of a submission: things besides code that it should have. Reports show it; it gives no points.

Source: the handout's "Submission" section.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.base.untrusted import UnreadableError, read_bytes
from harness.edition import on_gradescope
from harness.problem import Feature, problem
from harness.submission import answers
from harness.submission.cells import Cell
from harness.submission.intake import Item

__all__ = ["Handed", "checklist", "says_no_tools", "write_up"]

STEM = problem().problem.stem
NAME = re.compile(rf"{re.escape(STEM)}(_[^\W\d_](?:[^\W_]|['’-])*)+\.zip")
PATTERN = f"{STEM}_<Name1>_<Name2>.zip"
#: Words in the file names of logs of generative-AI tools.
TOOLS = re.compile(
    r"(?:^|[^a-z])(?:ai|gpt|llm|genai|logs?|chats?|prompts?|transcripts?|conversations?)(?:[^a-z]|$)"
    r"|chatgpt|claude|gemini|copilot|openai|bard|deepseek|grok|perplexity|cursor",
    re.IGNORECASE,
)
MAX_PDF = 100 << 20
NO_PDF = "there is none here: make writeup makes it; grade its zip to check it"
ADD = "make writeup adds it to the zip" if "writeup" in problem().problem.features else "add it to the zip"
NO_NOTEBOOK = f"there is none here: run one from top to bottom and save it; {ADD}"
#: What a team writes after ``AI tools:`` that used none.
NO_TOOLS = re.compile(r"\W*(?:none|no|no \w+(?: \w+)?(?: were used| was used)?|nothing|not used|n/a)\W*", re.IGNORECASE)
#: The endings of files that may be such a log.
DOCUMENTS = (".docx", ".doc", ".odt", ".rtf", ".pages", ".html", ".json")


@dataclass(frozen=True)
class Handed:
    """The parts of a submission that the checklist examines."""

    path: Path
    root: Path
    """The folder with the files."""
    files: Sequence[Path]
    notebooks: int
    cells: Sequence[Cell]
    """The notebook's cells."""
    answers: str


def checklist(handed: Handed) -> tuple[Item, ...]:
    """The lines of the checklist, each with the finding and what to do."""
    written = answers.parse(handed.answers) if handed.answers.strip() else None
    names = () if on_gradescope() else (_name(handed),)  # Gradescope unpacks a zip, and forgets what it was called
    lines: dict[Feature, Callable[[], Sequence[Item]]] = {
        "team": lambda: (*names, _team(handed, written)),
        "notebook": lambda: _notebook(handed),
        "writeup": lambda: (_pdf(handed),),
        "answers": lambda: (_limits(written),),
        "ai-logs": lambda: (_logs(handed, written),),
    }
    features = problem().problem.features
    return tuple(item for feature, items in lines.items() if feature in features for item in items())


def _name(handed: Handed) -> Item:
    what = "the name of the zip"
    name = unicodedata.normalize("NFC", handed.path.name)
    if handed.path.is_dir():
        return Item(what, None, f"a folder is not a zip yet: call the zip {PATTERN}")
    if NAME.fullmatch(name):
        return Item(what, True, name)
    if not name.endswith(".zip"):
        return Item(what, False, f"hand in a zip called {PATTERN}")
    return Item(what, False, f"{name} should be called {PATTERN}, with the last name of each member of the team")


def _team(handed: Handed, written: answers.Answers | None) -> Item:
    what = "the team's names"
    if written is not None and written.team:
        return Item(what, True, ", ".join(written.team))
    if NAME.fullmatch(unicodedata.normalize("NFC", handed.path.name)):
        return Item(what, True, "in the zip's name")
    return Item(what, False, "write them after Team: in answers.md, or in the notebook's first text cell")


def _notebook(handed: Handed) -> tuple[Item, Item]:
    one, saved = "exactly one notebook", "all outputs saved, in order"
    if handed.notebooks != 1:
        none = "there is none: add it" if on_gradescope() else NO_NOTEBOOK
        found = none if not handed.notebooks else f"there are {handed.notebooks}: hand in one"
        return Item(one, False, found), Item(
            saved, None, "there is no notebook to check" if not handed.notebooks else found
        )
    cells = [cell for cell in handed.cells if not cell.is_empty]
    left = [cell.label for cell in cells if cell.executed is None]
    failed = [cell.label for cell in cells if cell.failed]
    counts = [cell.executed for cell in cells if cell.executed is not None]
    again = "restart the kernel, run all cells, and save"
    if not handed.cells:
        return Item(one, False, "it can't be read: save it again"), Item(saved, None, "there is no notebook to check")
    if left:
        item = Item(saved, False, f"{_some(left)} {'was' if len(left) == 1 else 'were'} not run: {again}")
    elif failed:
        item = Item(saved, False, f"{_some(failed)} ended with an error: correct it, then {again}")
    elif counts != sorted(counts):
        item = Item(saved, False, f"the cells were not run from top to bottom: {again}")
    else:
        item = Item(saved, True, f"{len(cells)} cells")
    return Item(one, True, "one"), item


def _limits(written: answers.Answers | None) -> Item:
    what = "written answers within their limits"
    if written is None:
        return Item(what, None, "there is no answers.md, and the PDF's words are not counted")
    over = [f"{one.part} has {one.words} words, the limit is {one.limit}" for one in written.answers if one.over]
    left = [one.part for one in written.answers if one.is_missing]
    if over:
        return Item(what, False, f"{_some(over)}: shorten them (formulas, tables and code are not counted)")
    if left:
        return Item(
            what, False, f"{_some(list(dict.fromkeys(left)))} {'is' if len(left) == 1 else 'are'} not answered yet"
        )
    return Item(what, True, f"all {sum(not one.figure_only for one in written.answers)} answered")


def _some(labels: Sequence[str]) -> str:
    more = f" and {len(labels) - 3} more" if len(labels) > 3 else ""
    return ", ".join(labels[:3]) + more


def _pdf(handed: Handed) -> Item:
    what = "the write-up as PDF"
    file = write_up(handed.root, handed.files)
    if file is None:
        return Item(what, False, "there is none: add it" if on_gradescope() else NO_PDF)
    try:
        begins = read_bytes(handed.root / file, MAX_PDF)[:1024]
    except UnreadableError as error:
        return Item(what, False, f"{error}")
    if b"%PDF-" not in begins:
        return Item(what, False, f"{file.name} is not a PDF that opens: make it again")
    return Item(what, True, file.name)


def write_up(root: Path, files: Sequence[Path]) -> Path | None:
    """The PDF that counts as the write-up, or None. Logs of AI tools never count."""
    found = [file for file in files if file.suffix.lower() == ".pdf" and "results" not in file.parts]
    return next((file for file in found if not _is_log(file)), None)


def says_no_tools(written: answers.Answers | None) -> bool:
    """Whether the answers say that no AI tools were used, as ``AI tools: none``."""
    return written is not None and NO_TOOLS.fullmatch(written.ai_tools) is not None


def _logs(handed: Handed, written: answers.Answers | None) -> Item:
    what = "logs of AI tools, as text or PDF"
    texts = [file for file in handed.files if file.suffix.lower() in (".txt", ".pdf", ".md") and _is_log(file)]
    if texts:
        return Item(what, True, _some([file.name for file in texts]))
    others = [file.name for file in handed.files if file.suffix.lower() in DOCUMENTS and _is_log(file)]
    if others:
        return Item(
            what,
            False,
            f"{_some(others)} {'is' if len(others) == 1 else 'are'} neither text nor PDF: save it as one of them",
        )
    if says_no_tools(written):
        return Item(what, True, "none were used, says answers.md")
    if written is not None:
        return Item(what, False, "put them into ai-logs/, or write none after AI tools: in answers.md")
    return Item(what, False, "add ai-log.txt with the logs, or with a line that you used no AI tools")


def _is_log(file: Path) -> bool:
    return any(TOOLS.search(part) for part in file.parts) and file.name.lower() not in ("answers.md", "readme.md")
