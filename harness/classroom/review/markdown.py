"""Render an answer as harmless HTML: its tags become text, links use http only, and pictures come from this page.

Two things are marked: the words over the limit, and numbers that facts agree with or contradict. Private Unicode
characters mark these places in the source. They are removed from the answer first.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from markdown_it.token import Token
from markupsafe import Markup, escape

from harness.reports.text import plain
from harness.submission.answers import MAX_PARSED, count_words, tokens

__all__ = ["Remark", "Rendered", "render"]

PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff]")
OVER, END = "\ue000", "\ue001"
FIRST = 0xF0000
"""The character that begins the first remark; the others follow."""
MAX_REMARKS = 60_000

BLOCKS = {
    "paragraph": "p",
    "blockquote": "blockquote",
    "bullet_list": "ul",
    "list_item": "li",
    "table": "table",
    "thead": "thead",
    "tbody": "tbody",
    "tr": "tr",
    "th": "th",
    "td": "td",
    "strong": "strong",
    "em": "em",
    "s": "s",
}


@dataclass(frozen=True)
class Remark:
    """A remark about a place in the source."""

    start: int
    end: int
    kind: str
    """The class in the style sheet: ``agrees`` or ``contradicts``."""
    text: str


@dataclass(frozen=True)
class Rendered:
    """A rendered answer."""

    html: Markup
    words: int
    over: bool
    """The answer has more words than the limit."""


def render(
    text: str,
    limit: int | None = None,
    remarks: Sequence[Remark] = (),
    address: Callable[[str], str | None] = lambda source: None,
    hide: re.Pattern[str] | None = None,
) -> Rendered:
    """Render an answer as HTML.

    Args:
        limit: the most words of the answer.
        address: gives the page's address for a picture's relative path, or None if there is no such picture.
        hide: texts to hide, such as names.
    """
    text = PRIVATE.sub("�", text)
    words = count_words(text)
    over = limit is not None and words > limit
    inserted = [(remark.start, chr(FIRST + number)) for number, remark in enumerate(remarks[:MAX_REMARKS])]
    inserted += [(remark.end, END) for remark in remarks[:MAX_REMARKS]]
    if limit is not None and over:
        inserted.append((_start_of_word(text, limit), OVER))
    marked = text
    for place, sign in sorted(inserted, key=lambda one: (one[0], one[1] != END), reverse=True):
        marked = marked[:place] + sign + marked[place:]
    page = _Page(remarks, address, hide)
    html = page.blocks(tokens(marked))
    if len(marked) > MAX_PARSED:
        html += Markup("<pre>") + page.text(marked[MAX_PARSED:]) + Markup("</pre>")
    return Rendered(html, words, over)


def _start_of_word(text: str, limit: int) -> int:
    """The index of the first word over the limit."""
    starts = [match.start() for match in re.finditer(r"\S+", text)]
    first = bisect_right(starts, limit, key=lambda start: count_words(text[:start])) - 1 if len(starts) > 1 else 0
    return starts[max(first, 0)]


@dataclass
class _Page:
    """The state while an answer is written out."""

    remarks: Sequence[Remark]
    address: Callable[[str], str | None]
    hide: re.Pattern[str] | None
    over: bool = False
    remark: Remark | None = None
    links: list[bool] = field(default_factory=list)

    def blocks(self, found: Sequence[Token]) -> Markup:
        return Markup("").join(map(self.token, found))

    def token(self, token: Token) -> Markup:
        name, _, end = token.type.rpartition("_")
        if token.type == "inline":
            return self.blocks(token.children or ())
        if token.hidden:
            return Markup("")
        if end in ("open", "close") and name in BLOCKS:
            return Markup("<{}{}>").format("/" * (end == "close"), BLOCKS[name])
        match token.type:
            case "heading_open":
                return Markup("<h4>")
            case "heading_close":
                return Markup("</h4>")
            case "ordered_list_open":
                start = token.attrGet("start")
                return Markup('<ol start="{}">').format(start) if isinstance(start, int) else Markup("<ol>")
            case "ordered_list_close":
                return Markup("</ol>")
            case "hr":
                return Markup("<hr>")
            case "softbreak":
                return Markup("\n")
            case "hardbreak":
                return Markup("<br>")
            case "fence" | "code_block":
                return Markup("<pre><code>{}</code></pre>").format(self.text(token.content))
            case "math_block" | "math_block_label":
                return Markup('<pre class="math">{}</pre>').format(self.text(token.content.strip()))
            case "code_inline":
                return Markup("<code>{}</code>").format(self.text(token.content))
            case "math_inline" | "math_inline_double":
                return Markup('<code class="math">{}</code>').format(self.text(token.content))
            case "html_block" | "html_inline":
                return self.html(token.content, block=token.type == "html_block")
            case "link_open" | "link_close":
                return self.link(token)
            case "image":
                return self.image(token)
            case _:
                return self.text(token.content)

    def html(self, content: str, block: bool) -> Markup:
        """HTML tags as text. A comment is dropped, and ``<br>`` becomes a line break."""
        if re.fullmatch(r"\s*<!--.*?-->\s*", content, re.DOTALL):
            return Markup("")
        if re.fullmatch(r"<br\s*/?>", content, re.IGNORECASE):
            return Markup("<br>")
        form = Markup('<pre class="tag">{}</pre>') if block else Markup('<span class="tag">{}</span>')
        return form.format(self.text(content))

    def link(self, token: Token) -> Markup:
        if token.type == "link_close":
            return Markup("</a>") if self.links and self.links.pop() else Markup("")
        href = PRIVATE.sub("", unquote(str(token.attrGet("href") or "")))
        try:
            parts = urlsplit(href)
            good = parts.scheme in ("http", "https") and bool(parts.netloc)
        except ValueError:
            good = False
        self.links.append(good)
        if not good:
            return Markup("")
        return Markup('<a href="{}" target="_blank" rel="noopener noreferrer nofollow">').format(href)

    def image(self, token: Token) -> Markup:
        source = PRIVATE.sub("", unquote(str(token.attrGet("src") or "")))
        described = self._hidden(PRIVATE.sub("", token.content))
        place = self.address(source)
        if place is None:
            return Markup('<span class="missing">[picture not found: {}]</span>').format(plain(self._hidden(source)))
        return Markup('<img src="{}" alt="{}" loading="lazy">').format(place, plain(described))

    def text(self, content: str) -> Markup:
        """Escaped text with its marked places."""
        found = Markup("")
        for piece in re.split(f"({PRIVATE.pattern})", content):
            if piece == OVER:
                self.over = True
            elif piece == END:
                self.remark = None
            elif PRIVATE.fullmatch(piece):
                number = ord(piece) - FIRST
                self.remark = self.remarks[number] if 0 <= number < len(self.remarks) else None
            elif piece:
                found += self._piece(piece)
        return found

    def _piece(self, piece: str) -> Markup:
        shown = escape(plain(self._hidden(piece)))
        if self.remark is not None:
            form = Markup('<mark class="{}" title="{}" tabindex="0">{}</mark>')
            shown = form.format(self.remark.kind, self.remark.text, shown)
        return Markup('<span class="over">{}</span>').format(shown) if self.over else shown

    def _hidden(self, text: str) -> str:
        return self.hide.sub("▒▒▒", text) if self.hide else text
