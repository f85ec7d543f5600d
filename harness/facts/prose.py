"""Turn students' text into plain text for reading numbers, without the signs of Markdown, LaTeX and HTML.

Every character of the plain text keeps its place in the original, so that numbers can be marked there.
"""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = ["MAX_TEXT", "Plain", "plain"]

#: The number of characters that are read. An answer of 150 words has about 1,000.
MAX_TEXT = 20_000

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")


class Plain:
    """A plain text, and the place of each of its characters in the original."""

    def __init__(self, text: str, starts: list[int], ends: list[int]) -> None:
        self.text, self._starts, self._ends = text, starts, ends

    def place(self, start: int, end: int) -> tuple[int, int]:
        """The place in the original of a piece of the plain text."""
        return self._starts[start], self._ends[end - 1]


_Replacement = str | Callable[[re.Match[str]], str]

#: The replacements; the first that matches counts. No pattern reads further than a few hundred characters, so that
#: every text takes linear time.
_RULES: tuple[tuple[str, _Replacement], ...] = (
    (r"<!--(?:[^-]|-(?!->)){0,1000}-->", " "),
    (r"(?m:^ {0,8}[*+] )", "- "),
    (r"\]\([^()\s]{0,500}(?:\s\"[^\"\n]{0,200}\")?\)", "]"),  # where a link leads
    (r"(?:https?://|www\.)[^\s<>]{1,500}", " "),
    (r"(?<![\w.-])[\w./-]{1,100}\.(?:png|jpe?g|json|py|ipynb|md|pdf|csv|npz|safetensors)\b", " "),
    (r"</?sup>", lambda match: " " if match[0].startswith("</") else "^"),
    (r"</?[A-Za-z][^<>]{0,300}>", " "),
    (r"&(?:nbsp|ensp|emsp);", " "),
    (r"&thinsp;|\\,|[\u2009\u202f]", "\u202f"),
    (r"&times;|\\times(?![A-Za-z])|\\ast(?![A-Za-z])", "×"),
    (r"&plusmn;|\\pm(?![A-Za-z])|\+/-|\+-", "±"),
    (r"&lt;|\\lt(?![A-Za-z])", "<"),
    (r"&gt;|\\gt(?![A-Za-z])", ">"),
    (r"\\(?:geq?|geqslant)(?![A-Za-z])", "≥"),
    (r"\\(?:leq?|leqslant)(?![A-Za-z])", "≤"),
    (r"\\(?:approx|sim|simeq|cong)(?![A-Za-z])|≃|≅|∼", "≈"),
    (r"\\cdot(?![A-Za-z])|⋅", "·"),
    (r"\\[dt]?frac\{(\d{1,6})\}\{(\d{1,6})\}", lambda match: f"{match[1]}/{match[2]}"),
    (r"\{,\}", ","),
    (r"\\%|％|﹪", "%"),
    (r"\\[A-Za-z]{1,30}", " "),
    (r"\\[^A-Za-z0-9\s]", " "),
    (r"(?<=\d)[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,6}", lambda match: "^" + match[0].translate(_SUPERSCRIPTS)),
    (r"(?<=\d)\*\*(?=-?\d)", "^"),
    (r"(?<=\d) ?\* ?(?=\d)", "×"),
    (r"(?<=[\^_])\{([^{}\n]{1,40})\}", lambda match: match[1]),
    (r"[{}]", " "),
    (r"\*{1,3}|`{1,3}|~~|\$\$?|(?<!\w)_{1,2}(?=[\d.(-])|(?<=[\d%])_{1,2}(?!\w)", ""),
    (r"(?<=\d)(?:h|hrs?|m|min)(?=\d{1,2}\s?(?:m|min|s|sec)\b)", lambda match: f"{match[0]} "),
    (r"[−‒﹣]", "-"),
    (r"[\u00a0\u2002\u2003\u2007\t]", " "),
    (r"’", "'"),
)
_PATTERNS = tuple(re.compile(pattern) for pattern, _ in _RULES)
_ANY = re.compile("|".join(f"(?P<r{place}>{pattern})" for place, (pattern, _) in enumerate(_RULES)))


def plain(text: str) -> Plain:
    """The first :data:`MAX_TEXT` characters of a text, without markup."""
    text = text[:MAX_TEXT]
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for found in [*_ANY.finditer(text), None]:
        start, end = found.span() if found is not None else (len(text), len(text))
        pieces.append(text[at:start])
        starts += range(at, start)
        ends += range(at + 1, start + 1)
        replacement = _replaced(text, found) if found is not None else ""
        pieces.append(replacement)
        starts += [start] * len(replacement)
        ends += [end] * len(replacement)
        at = end
    return Plain("".join(pieces), starts, ends)


def _replaced(text: str, found: re.Match[str]) -> str:
    place = int((found.lastgroup or "r0")[1:])
    replacement = _RULES[place][1]
    if isinstance(replacement, str):
        return replacement
    again = _PATTERNS[place].match(text, found.start())  # its groups have the numbers of its own pattern
    return replacement(again) if again is not None else " "
