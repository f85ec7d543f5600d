"""Turn Markdown into nodes for ``template.typ``: dictionaries with a ``kind``, and texts without commands."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from course.experiments.report import plain
from course.writeup.formulas import FormulaError, tree
from harness.submission.answers import MAX_PARSED, text_of_html, tokens

__all__ = ["Reader", "breakable"]

Node = dict[str, Any]

#: The deepest nesting. Deeper content is shown as plain text.
MAX_DEPTH = 5
MAX_COLUMNS = 12
#: The longest word that is never split. Longer ones may be split anywhere, so that no line leaves the page.
LONG = 40
MARKS = {"em": "emphasis", "strong": "strong", "s": "struck"}


class Reader:
    """Reads the texts of one write-up, and records formulas and images that it could not typeset.

    Args:
        picture: gives the typesetter's file for an image's address, or None if there is none.
        as_written: leave the texts as they are, with Markdown's signs.
    """

    def __init__(self, picture: Callable[[str], str | None], *, as_written: bool = False) -> None:
        self.picture = picture
        self.as_written = as_written
        self.unset: list[str] = []
        """The formulas that are shown as they were written."""
        self.missing: list[str] = []
        """The addresses of images that could not be found."""

    def read(self, markdown: str) -> list[Node]:
        """The nodes of a text: paragraphs, lists and so on. Text beyond a limit is left out, and a sentence says so."""
        if self.as_written:
            return [{"kind": "code", "text": breakable(markdown[:MAX_PARSED], 78)}]
        nodes = self._blocks(SyntaxTreeNode(tokens(markdown)), 0)
        if len(markdown) > MAX_PARSED:
            nodes.append(_paragraph(f"[{len(markdown) - MAX_PARSED:,} more characters are left out here.]"))
        return nodes

    # ---- blocks ----

    def _blocks(self, parent: SyntaxTreeNode, depth: int) -> list[Node]:
        nodes: list[Node] = []
        for node in parent.children:
            nodes += self._block(node, depth)
        return nodes

    def _block(self, node: SyntaxTreeNode, depth: int) -> Iterator[Node]:
        kind = node.type
        if depth > MAX_DEPTH:
            yield _paragraph(" ".join(_texts(node)))
        elif kind == "paragraph":
            yield from _around_images(self._inlines(node, 0))
        elif kind == "heading":
            yield {"kind": kind, "parts": self._inlines(node, 0)}
        elif kind in ("bullet_list", "ordered_list"):
            yield {
                "kind": "list",
                "start": max(0, min(int(node.attrs.get("start", 1)), 99_999)) if kind == "ordered_list" else None,
                "items": [self._blocks(item, depth + 1) for item in node.children],
                "tight": any(child.hidden for item in node.children for child in item.children),
            }
        elif kind == "blockquote":
            yield {"kind": "quote", "blocks": self._blocks(node, depth + 1)}
        elif kind in ("fence", "code_block"):
            yield {"kind": "code", "text": breakable(node.content.rstrip("\n"), 78)}
        elif kind == "table":
            yield self._table(node)
        elif kind == "math_block":
            yield self._formula(node.content, display=True)
        elif kind == "html_block":
            if text := " ".join(text_of_html(node.content).split()):
                yield _paragraph(text)
        elif kind == "hr":
            yield {"kind": "rule"}

    def _table(self, node: SyntaxTreeNode) -> Node:
        rows = [list(row.children[:MAX_COLUMNS]) for part in node.children for row in part.children]
        sides = [str(cell.attrs.get("style", "")).rpartition(":")[2] or "left" for cell in rows[0]] if rows else []
        width = len(sides)
        cells = [[self._inlines(cell, 0) for cell in row] for row in rows]
        return {
            "kind": "table",
            "align": [side if side in ("left", "center", "right") else "left" for side in sides],
            "rows": [row[:width] + [[]] * (width - len(row)) for row in cells],
        }

    # ---- inside of lines ----

    def _inlines(self, parent: SyntaxTreeNode, depth: int) -> list[Node]:
        nodes: list[Node] = []
        for node in parent.children:
            if node.type == "inline":
                nodes += self._inlines(node, depth)
            else:
                nodes += self._inline(node, depth)
        return nodes

    def _inline(self, node: SyntaxTreeNode, depth: int) -> Iterator[Node]:
        kind = node.type
        if depth > MAX_DEPTH:
            yield _text(" ".join(_texts(node)))
        elif kind in ("text", "text_special"):
            yield _text(node.content)
        elif kind == "softbreak":
            yield _text(" ")
        elif kind == "hardbreak":
            yield {"kind": "break"}
        elif kind in MARKS:
            yield {"kind": MARKS[kind], "parts": self._inlines(node, depth + 1)}
        elif kind == "code_inline":
            yield {"kind": "mono", "text": breakable(node.content)}
        elif kind == "link":
            address = plain(str(node.attrs.get("href", "")))
            parts = self._inlines(node, depth + 1)
            # Only web and mail addresses are allowed; file: and javascript: addresses have no place in a PDF.
            safe = address.startswith(("http://", "https://", "mailto:")) and len(address) < 2_000
            yield {"kind": "link", "address": address, "parts": parts} if safe else {"kind": "group", "parts": parts}
        elif kind == "image":
            yield self._image(node)
        elif kind in ("math_inline", "math_inline_double"):
            yield self._formula(node.content, display=kind == "math_inline_double")
        elif kind == "html_inline" and node.content.lower().startswith("<br"):
            yield {"kind": "break"}

    def _image(self, node: SyntaxTreeNode) -> Node:
        address = str(node.attrs.get("src", ""))
        words = " ".join(_texts(node))
        file = self.picture(address)
        if file is not None:
            return {"kind": "image", "file": file, "alt": plain(words)}
        self.missing.append(plain(address)[:100])
        return _text(f"[image: {words or address[:100]}]")

    def _formula(self, latex: str, *, display: bool) -> Node:
        try:
            return {"kind": "formula", "tree": tree(latex, display=display), "display": display}
        except FormulaError:
            self.unset.append(" ".join(plain(latex).split())[:60])
            sign = "$$" if display else "$"
            return {"kind": "unset", "text": breakable(f"{sign}{' '.join(latex.split())}{sign}")}


def breakable(text: str, longest: int = LONG) -> str:
    """Printable text in which words longer than ``longest`` can be split at a line's end."""
    words = _without_towers(plain(text)).split(" ")
    return " ".join(
        "\u200b".join(word[start : start + longest] for start in range(0, len(word), longest))
        if len(word) > longest
        else word
        for word in words
    )


def _without_towers(text: str) -> str:
    """The text with at most four marks on a letter.

    No script needs more, and they would take the typesetter a minute.
    """
    kept = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks <= 4:
            kept.append(character)
    return "".join(kept)


def _text(text: str) -> Node:
    return {"kind": "text", "text": breakable(text)}


def _around_images(parts: list[Node]) -> Iterator[Node]:
    """One or more paragraphs, in which images are on lines of their own."""
    rest: list[Node] = []
    for part in [*parts, None]:
        if part is not None and part["kind"] != "image":
            rest.append(part)
            continue
        if any(one["kind"] != "text" or one["text"].strip() for one in rest):
            yield {"kind": "paragraph", "parts": rest}
        rest = []
        if part is not None:
            yield part


def _paragraph(text: str) -> Node:
    return {"kind": "paragraph", "parts": [_text(text)]}


def _texts(node: SyntaxTreeNode) -> Iterator[str]:
    """All texts in a node."""
    waiting: list[Token] = node.to_tokens()
    for token in waiting:
        if token.type == "inline" or token.type == "image":
            yield from (child.content for child in token.children or () if child.content)
        elif token.content and token.type != "html_inline":
            yield token.content
