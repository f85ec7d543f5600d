"""The written answers as a record, read from ``student/answers.md`` or from a notebook's Markdown cells.

An answer begins at a heading with the number of its part, ``## 3.3 What happens at large steps (150)``, and ends at the
next one. Above the first heading are the team's names, after ``Team:``, and the use of AI tools, after ``AI tools:``.
The texts are untrusted: any text is read within seconds and raises no error.

**Words are counted** as a person who reads the page would count them:

- A word is text between white space that has a letter or a digit: ``don't``, ``1.0``, ``2×``, ``state-of-the-art``,
  ``and/or`` and ``e.g.`` are one word each; ``=``, ``—`` and ``:`` are none.
- A dash (``—`` or ``--``), an ellipsis (``…`` or ``...``), or a comma, semicolon or colon between letters separates
  words, with or without spaces. A hyphen doesn't, and nothing between digits does.
- These aren't counted: formulas (``$…$``, ``$$…$$``, ``\\(…\\)``, ``\\[…\\]``), tables, blocks of code, images with
  their descriptions, HTML's tags and comments, the signs of Markdown itself, and addresses, of a link or in the text.
  Code in a line counts, and so do a link's words, headings inside an answer, and text between HTML's tags.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.dollarmath import dollarmath_plugin

from harness.problem import Question, problem

__all__ = [
    "MAX_PARSED",
    "QUESTIONS",
    "Answer",
    "Answers",
    "count_words",
    "is_written",
    "of_cells",
    "parse",
    "text_of_html",
    "tokens",
]

#: The number of characters of an answer that are read as Markdown; 150 words have about 1,000. The rest is plain text.
MAX_PARSED = 20_000
#: The most characters and lines that are read. Pictures in a notebook are long, but nobody writes so many lines.
MAX_TEXT = 2_000_000
MAX_LINES = 50_000
MAX_NAMES = 12
MAX_NAME = 80
MAX_TITLE = 200
MAX_REMARKS = 20
#: The most headings that are kept besides those of the questions.
MAX_OTHERS = 50


#: The questions that are graded by hand, in the handout's order. They are the headings of student/answers.md.
QUESTIONS = problem().question


@dataclass(frozen=True)
class Answer:
    """A question with the answer that was written under its heading."""

    part: str
    title: str
    limit: int | None
    """The question's limit of words; None: no limit. The number in the heading doesn't count."""
    text: str
    """The answer as Markdown; empty if nothing was written."""
    found: bool = True
    """The answers have a heading for this question."""
    points: int = 0
    """The points of the question; 0 for text that belongs to no question."""
    asks: str = ""
    """The manifest's text on what the answer must contain."""
    figure_only: bool = False
    """The question asks for a figure alone, without words."""

    @cached_property
    def words(self) -> int:
        return count_words(self.text)

    @cached_property
    def answered(self) -> bool:
        """Whether the answer has anything to read: words, a table, a formula, code or an image."""
        return any(_shows(token) for token in tokens(self.text))

    @property
    def is_missing(self) -> bool:
        """Whether the question asks for words and the answer has none."""
        return not self.answered and not self.figure_only

    @property
    def over(self) -> bool:
        """Whether the answer has more words than the limit."""
        return self.limit is not None and self.words > self.limit


@dataclass(frozen=True)
class Answers:
    """All written answers of a submission."""

    team: tuple[str, ...]
    ai_tools: str
    """The text on AI tools as Markdown; empty if there is none."""
    answers: tuple[Answer, ...]
    """One answer for each of :data:`QUESTIONS`, in their order."""
    others: tuple[Answer, ...] = ()
    """Texts under numbered headings that belong to no question."""
    remarks: tuple[str, ...] = ()
    """One sentence for each heading that is missing, doubled or unknown."""


def of_cells(texts: Iterable[str]) -> str:
    """Join the text cells of a notebook that answer a question or name the team, in the form of answers.md."""
    headings = tuple(f"{question.part} {question.title}".casefold() for question in QUESTIONS)
    kept = []
    for text in (text.strip() for text in texts):
        heading = text.partition("\n")[0].lstrip("# ").strip() if text.startswith("#") else ""
        answers = heading.casefold().startswith(headings) or (_NUMBERED.match(heading) and _LIMIT.search(heading))
        if answers or any(line.startswith("Team:") for line in text.splitlines()):
            kept.append(text)
    return "\n\n".join(kept)


def is_written(text: str) -> bool:
    """Whether any question is answered or the team is named."""
    found = parse(text)
    return bool(found.team) or any(answer.answered for answer in found.answers)


def parse(text: str) -> Answers:
    """Read untrusted answers. Odd headings and missing, doubled or unknown parts become remarks, not errors."""
    lines = text[:MAX_TEXT].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    sections = _sections("\n".join(lines[:MAX_LINES]))
    preamble = sections[0]
    team, ai_tools = _preamble(preamble.text)
    texts: dict[Question, list[str]] = {}
    others: list[Answer] = []
    remarks: list[str] = []
    own = {question for section in sections if (question := _exactly(section))}
    for section in sections[1:]:
        if section.part is None:
            if _plain(section.title).startswith(("ai tools", "use of ai tools")):
                ai_tools = "\n\n".join(filter(None, (ai_tools, section.text)))
            elif _plain(section.title).rstrip(":") == "team" and not team:
                team = _names(section.text.splitlines())
            continue
        question = _exactly(section) or _only(section.part, own)
        if question is not None:
            texts.setdefault(question, []).append(section.text)
        elif len(others) < MAX_OTHERS:
            others.append(Answer(section.part, section.title, section.limit, section.text))
            remarks.append(
                f"{_heading(section)} in answers.md is not the heading of a question: use the headings of "
                "student/answers.md."
            )
    answers = []
    for question in QUESTIONS:
        parts = texts.get(question, [])
        name = f"question {question.part} ({question.title})"
        if len(parts) > 1:
            remarks.append(
                f"answers.md has {len(parts)} headings for {name}. Their texts are joined: keep one heading."
            )
        elif not parts and not question.figure_only:
            remarks.append(f"answers.md has no heading for {name}: copy it from student/answers.md.")
        joined = "\n\n".join(filter(None, parts))
        answers.append(
            Answer(
                question.part,
                question.title,
                question.words,
                joined,
                found=bool(parts),
                points=question.points,
                asks=question.asks,
                figure_only=question.figure_only,
            )
        )
    return Answers(team, ai_tools, tuple(answers), tuple(others), tuple(remarks[:MAX_REMARKS]))


def count_words(markdown: str) -> int:
    """The number of words in a text, by the rules in the module's docstring."""
    return sum(1 for _ in _words("".join(_readable(tokens(markdown))))) + sum(1 for _ in _words(markdown[MAX_PARSED:]))


def tokens(markdown: str) -> list[Token]:
    """The first :data:`MAX_PARSED` characters as Markdown: CommonMark with tables, strikethrough and formulas."""
    try:
        return _markdown().parse(markdown[:MAX_PARSED])
    except RecursionError:  # nothing that a person writes is nested so deeply
        paragraph = [Token("paragraph_open", "p", 1), Token("inline", "", 0), Token("paragraph_close", "p", -1)]
        paragraph[1].children = [Token("text", "", 0, content=markdown[:MAX_PARSED])]
        return paragraph


# ---- sections ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Section:
    part: str | None
    title: str
    limit: int | None
    text: str


_PARTS = "|".join(re.escape(part.number) for part in problem().part)
_NUMBERED = re.compile(rf"(?:part\s+)?({_PARTS}|[1-9]\.[1-9])(?![\w.])[.:)]?\s*(.*)", re.DOTALL | re.IGNORECASE)
_LIMIT = re.compile(r"\((\d{1,5})(?: words)?\)$")


def _sections(text: str) -> list[_Section]:
    """The text above the first heading, then each heading that begins or ends an answer, with its text."""
    lines = text.split("\n")
    starts: list[tuple[int, int, _Section]] = []  # first line of the heading, first line behind it, what it says
    level = 0
    found = _blocks().parse(text)
    for opened, inline in pairwise(found):
        if opened.type != "heading_open" or opened.level or opened.map is None:
            continue
        section = _read_heading(inline.content)
        size = int(opened.tag[1:])
        # A smaller heading without a number belongs to the answer. One above all answers belongs to the preamble.
        if section.part is None and (size > level > 0 or not starts):
            continue
        level = size if section.part is not None else 0
        starts.append((opened.map[0], opened.map[1], section))
    ends = [start for start, _, _ in starts] + [len(lines)]
    sections = [_Section(None, "", None, "\n".join(lines[: ends[0]]))]
    for (_, first, section), end in zip(starts, ends[1:], strict=True):
        sections.append(replace(section, text="\n".join(lines[first:end]).strip("\n")))
    return [replace(section, text=section.text if section.text.strip() else "") for section in sections]


def _read_heading(content: str) -> _Section:
    content = content[:MAX_TITLE].strip().strip("*_` ")
    match = _NUMBERED.fullmatch(content)
    if match is None:
        return _Section(None, content, None, "")
    part, title = match.groups()
    limit = _LIMIT.search(title)
    if limit:
        title = title[: limit.start()]
    return _Section(part, title.strip().strip("*_` "), int(limit[1]) if limit else None, "")


def _plain(title: str) -> str:
    """A title for comparison: in small letters, with single spaces and straight apostrophes."""
    return " ".join(title.replace("’", "'").casefold().split())


@cache
def _by_title() -> dict[tuple[str, str], Question]:
    return {(question.part, _plain(question.title)): question for question in QUESTIONS}


def _exactly(section: _Section) -> Question | None:
    return _by_title().get((section.part or "", _plain(section.title)))


def _only(part: str, own: set[Question]) -> Question | None:
    """The part's only question, if no heading names this question."""
    questions = [question for question in QUESTIONS if question.part == part]
    return questions[0] if len(questions) == 1 and questions[0] not in own else None


def _heading(section: _Section) -> str:
    title = f"{section.part} {section.title}".strip()
    return _printable(f"“{title[:60]}{'…' if len(title) > 60 else ''}”")


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)


# ---- what is above the first heading -------------------------------------------------------------------------------

_LABEL = re.compile(r"\W*(team|(?:use of )?ai[ -]tools)\W*?(?::\W*?(?=\w|\s|$)|$)", re.IGNORECASE)


def _preamble(text: str) -> tuple[tuple[str, ...], str]:
    """The team's names, and the text on AI tools."""
    names: list[str] = []
    statement: list[str] = []
    place: list[str] = []
    for line in _without_comments(text[:MAX_PARSED]).split("\n"):
        label = _LABEL.match(line)
        if label:
            place = names if label[1].casefold() == "team" else statement
            line = line[label.end() :]
        elif place is names and not line.strip() and any(map(str.strip, names)):
            place = []  # a paragraph of names, or a list, is over
            continue
        place.append(line)
    return _names(names), "\n".join(statement).strip()


def _names(lines: Iterable[str]) -> tuple[str, ...]:
    """Names from lines such as ``Ada Lovelace, Alan Turing and Zoë Müller`` or ``- Ada Lovelace``."""
    text = _without_comments("\n".join(lines))
    found = []
    for name in re.split(r"[,;&\n]|\s+and\s+", text[: MAX_NAMES * MAX_NAME * 2]):
        name = unicodedata.normalize("NFC", " ".join(_printable(name).split())).strip("-*_+•.<>[]#:` ")[:MAX_NAME]
        if any(character.isalpha() for character in name) and name not in found:
            found.append(name)
    return tuple(found[:MAX_NAMES])


def _without_comments(text: str) -> str:
    """The text without HTML comments. An unclosed comment counts as text."""
    parts = []
    while (start := text.find("<!--")) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        parts.append(text[:start])
        text = text[end + 3 :]
    return "".join([*parts, text])


# ---- Markdown ------------------------------------------------------------------------------------------------------


@cache
def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": True, "maxNesting": 20}).enable(["table", "strikethrough"])
    dollarmath_plugin(markdown, allow_labels=False, allow_blank_lines=False, double_inline=True)
    markdown.inline.ruler.before("escape", "math_brackets", _math_in_brackets)
    return markdown


@cache
def _blocks() -> MarkdownIt:
    """A Markdown parser for headings and for blocks that can hide them, such as code.

    It parses nothing within lines.
    """
    return MarkdownIt("commonmark", {"html": True, "maxNesting": 20}).disable(["inline", "text_join"])


@cache
def _html() -> MarkdownIt:
    """A Markdown parser for HTML tags, comments and the text between them."""
    return MarkdownIt("zero", {"html": True}).enable(["html_inline", "entity"])


def _math_in_brackets(state: StateInline, silent: bool) -> bool:
    """Parse ``\\(…\\)`` and ``\\[…\\]`` as formulas."""
    opening = state.src[state.pos : state.pos + 2]
    closing = {"\\(": "\\)", "\\[": "\\]"}.get(opening)
    if closing is None:
        return False
    end = state.src.find(closing, state.pos + 2)
    if end < 0 or not state.src[state.pos + 2 : end].strip():
        return False
    if not silent:
        token = state.push("math_inline" if closing == "\\)" else "math_inline_double", "math", 0)
        token.content = state.src[state.pos + 2 : end]
        token.markup = opening
    state.pos = end + 2
    return True


def _shows(token: Token) -> bool:
    if token.type == "inline":
        return any(map(_shows, token.children or ()))
    if token.type in ("html_block", "html_inline"):
        return any(_words(text_of_html(token.content))) or "<img" in token.content.casefold()
    if token.type in ("image", "table_open"):
        return True
    return bool(token.content.strip())


# ---- words ---------------------------------------------------------------------------------------------------------

_PARTING = re.compile(r"[—…]|--+|\.\.\.+|(?<=[^\W\d_])[,;:!?](?=[^\W\d_])")


#: HTML tags that don't separate words.
_INSIDE_WORDS = ("b", "i", "em", "strong", "u", "s", "code", "sub", "sup", "span")


def _words(text: str) -> Iterator[str]:
    """The words of a text without markup."""
    for chunk in text.split():
        if chunk.lower().lstrip("(<[\"'“").startswith(("http://", "https://", "www.")):
            continue
        for word in _PARTING.split(chunk):
            if any(character.isalnum() for character in word):
                yield word


def _readable(found: Sequence[Token]) -> Iterator[str]:
    """The countable text of a list of tokens, with a space between words."""
    in_table = 0
    waiting: list[str] | None = None  # since HTML's <table>, which is apart if it is closed
    address = False
    for token in found:
        name = _tag(token)
        if name == "table":
            waiting = [] if waiting is None else waiting
        elif name == "/table":
            waiting = None
        in_table += token.nesting if token.type.startswith("table_") else 0
        if in_table:
            continue
        if token.type in ("link_open", "link_close"):
            address = token.type == "link_open" and token.info == "auto"
        text = "" if address else _text_of(token)
        if name and name.lstrip("/") not in _INSIDE_WORDS:
            text = " "
        if waiting is None:
            yield text
        else:
            waiting.append(text)
    yield from waiting or ()


def _text_of(token: Token) -> str:
    if token.type == "inline":
        return "".join(_readable(token.children or ())) + "\n"
    if token.type == "html_block":
        return f"\n{text_of_html(token.content)}\n"
    if token.type in ("text", "text_special", "code_inline"):
        return token.content
    return " " if token.type in ("softbreak", "hardbreak", "math_inline", "math_inline_double", "image") else ""


def _tag(token: Token) -> str:
    """The name of an HTML tag, with its slash; ``!`` for a comment, and empty if it isn't a tag."""
    if token.type != "html_inline":
        return ""
    match = re.match(r"<(/?[a-zA-Z][a-zA-Z0-9]*)", token.content)
    return match[1].lower() if match else "!"


def text_of_html(html: str) -> str:
    """The readable text of an HTML block, without its tags."""
    return "".join(_readable(_html().parseInline(html)))
