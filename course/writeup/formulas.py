"""Turn LaTeX formulas into trees of lists, from which ``template.typ`` builds formulas.

latex2mathml turns LaTeX into MathML, and this module reads that. A node is a list whose first element is its kind:
``["fraction", above, below, line]``, ``["scripts", base, below, above, limits]``. A formula that can't be read or isn't
supported is no error: the write-up shows it as it was written.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Any
from xml.etree.ElementTree import Element

__all__ = ["FormulaError", "tree"]

Node = list[Any]

MAX_LENGTH = 2_000
MAX_DEPTH = 12
MAX_NODES = 2_000
#: Macro definitions are refused, because they can expand without end.
DEFINITIONS = re.compile(r"\\(?:re|provide)?newcommand|\\[egx]?def(?![a-z])|\\let(?![a-z])|\\(?:new|renew)environment")
#: Formulas in the write-up have no equation numbers.
NUMBERED = re.compile(r"\{(align|equation|gather|multline|alignat|flalign|eqnarray)\}")

#: Commands that latex2mathml doesn't know, with their replacements.
SPELLED = ((re.compile(r"\\arg(?![a-z])"), r"\operatorname{arg}"), (re.compile(r"\\operatorname\*"), r"\operatorname"))

#: Combining accents, by the signs that latex2mathml writes over a letter.
ACCENTS = {
    sign: accent
    for accent, signs in {
        "\u0302": "^ˆ\u0302", "\u0303": "~˜\u0303", "\u20d7": "→\u20d7", "\u0307": ".˙\u0307", "\u0308": "¨\u0308",
        "\u030c": "ˇ\u030c", "\u0306": "˘\u0306", "\u0301": "´\u0301", "\u0300": "`\u0300", "\u030a": "˚\u030a",
    }.items()
    for sign in signs
}  # fmt: skip
LINES = "¯‾_\u2015\u0304\u0305\u0332"
BRACES = ("⏞", "⏟")
#: Operators whose limits are below them, not beside them.
LIMITS = ("lim", "max", "min", "sup", "inf", "arg max", "arg min", "argmax", "argmin", "lim sup", "lim inf", "det")
FENCES = "([{⟨⌊⌈|‖∥)]}⟩⌋⌉∣"


class FormulaError(Exception):
    """A formula can't be typeset. The text names the unsupported part, or is empty."""


def tree(latex: str, *, display: bool = False) -> Node:
    """Turn a formula, without its dollar signs, into a tree.

    Args:
        display: whether it is on a line of its own.

    Raises:
        FormulaError: it isn't a formula, or needs something that can't be typeset.
    """
    from latex2mathml.converter import convert_to_element

    if len(latex) > MAX_LENGTH:
        raise FormulaError("its length")
    if found := DEFINITIONS.search(latex):
        raise FormulaError(found[0])
    for pattern, spelled in SPELLED:
        latex = pattern.sub(spelled.replace("\\", r"\\"), latex)
    try:
        element = convert_to_element(
            NUMBERED.sub(r"{\1*}", latex.strip()).replace("**}", "*}"), display="block" if display else "inline"
        )
    except (Exception, RecursionError) as error:  # whatever a strange formula leads to
        raise FormulaError("") from error
    return _Reader().row(list(element), 0)


class _Reader:
    """Reads one formula, and counts its nodes."""

    def __init__(self) -> None:
        self.count = 0

    def node(self, element: Element, depth: int) -> Node:
        self.count += 1
        if depth > MAX_DEPTH or self.count > MAX_NODES:
            raise FormulaError("its size")
        if element.tag in ("mi", "mo", "mn", "mtext"):
            return self.leaf(element, depth)
        children = [child for child in element if child.tag != "mprescripts"]
        read = {
            "mfrac": self.fraction,
            "msqrt": lambda inside, _, at: ["root", None, self.row(inside, at)],
            "msub": self.scripts,
            "msup": self.scripts,
            "msubsup": self.scripts,
            "munder": self.scripts,
            "mover": self.scripts,
            "munderover": self.scripts,
            "mtable": self.table,
            "mroot": self.root,
        }.get(element.tag)
        if read is not None:
            return read(children, element, depth + 1)
        if element.tag == "mspace":
            return ["space", _em(element.get("width", "0em"))]
        if element.tag in ("mrow", "mstyle", "mpadded", "math"):
            return self.row(children, depth + (len(children) > 1))
        if element.tag == "mphantom":
            return ["hidden", self.row(children, depth + 1)]
        if element.tag == "menclose" and element.get("notation") == "box":
            return ["boxed", self.row(children, depth + 1)]
        raise FormulaError(element.tag)

    def leaf(self, element: Element, depth: int) -> Node:
        if len(element):  # an operator that is made of others
            return ["operator", _letters(element), False]
        text = _content(element)
        if "\\" in text:
            raise FormulaError(text)
        if any(unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn") for character in text):
            raise FormulaError("a character that has no form")
        if element.tag == "mtext":
            return ["text", text]
        if len(text) > 1 and element.tag == "mo" and text[0].isalpha():
            return ["operator", text.replace("\u2009", " "), text in LIMITS]
        if element.tag == "mi" and len(text) == 1:
            return ["sign", text, element.get("mathvariant") == "normal"]
        if len(text) == 1 and element.tag == "mo":
            return ["sign", text, True]
        return ["text", text] if text else ["row", []]

    def row(self, elements: list[Element], depth: int) -> Node:
        """A row of elements, with delimiters as tall as their content."""
        nodes = [self.node(element, depth) for element in elements]
        fenced = [element.get("fence") == "true" or element.get("minsize") for element in elements]
        if len(nodes) > 1 and fenced[0] and elements[0].get("form") == "prefix":
            return ["fenced", nodes]
        joined: list[Node] = []
        skip = False
        for place, node in enumerate(nodes):
            if skip:
                skip = False
                continue
            if node[0] in ("matrix", "fraction") and joined and _is_fence(joined[-1]) and _has(nodes, place + 1):
                joined[-1] = ["fenced", [joined[-1], node, nodes[place + 1]]]
                skip = True
            else:
                joined.append(node)
        return joined[0] if len(joined) == 1 else ["row", joined]

    def fraction(self, children: list[Element], element: Element, depth: int) -> Node:
        above, below = self.several(children, 2, depth)
        return ["fraction", above, below, element.get("linethickness") != "0"]

    def root(self, children: list[Element], element: Element, depth: int) -> Node:
        inside, index = self.several(children, 2, depth)
        return ["root", index, inside]

    def scripts(self, children: list[Element], element: Element, depth: int) -> Node:
        base, *around = self.several(children, 3 if element.tag in ("msubsup", "munderover") else 2, depth)
        sign = around[0][1] if len(around) == 1 and around[0][0] == "sign" else None
        if element.tag in ("mover", "munder") and sign is not None:
            if sign in ACCENTS and element.tag == "mover":
                return ["accent", base, ACCENTS[sign]]
            if sign in LINES:
                return ["line", base, element.tag == "mover"]
            if sign in BRACES:
                return ["brace", base, sign == BRACES[0], None]
        if base[0] == "brace" and base[3] is None and len(around) == 1:
            return [*base[:3], around[0]]
        below, above = (None, None)
        if element.tag in ("msub", "munder"):
            below = around[0]
        elif element.tag in ("msup", "mover"):
            above = around[0]
        else:
            below, above = around
        beside = element.tag in ("msub", "msup", "msubsup")
        return ["scripts", base, below, above, not beside and base[0] != "operator"]

    def several(self, children: list[Element], count: int, depth: int) -> list[Node]:
        if len(children) != count:
            raise FormulaError("")
        return [self.node(child, depth) for child in children]

    def table(self, children: list[Element], element: Element, depth: int) -> Node:
        rows = [[self.row(list(cell), depth) for cell in row] for row in children]
        width = max((len(row) for row in rows), default=0)
        if not 0 < width <= 30 or len(rows) > 60:
            raise FormulaError("its size")
        rows = [row + [["row", []]] * (width - len(row)) for row in rows]
        sides = {cell.get("columnalign", "center") for row in children for cell in row}
        if "right" in sides and "left" in sides:
            return ["aligned", rows]
        return ["matrix", rows, sides.pop() if len(sides) == 1 else "center"]


def _has(nodes: list[Node], place: int) -> bool:
    return place < len(nodes) and _is_fence(nodes[place])


def _is_fence(node: Node) -> bool:
    return node[0] == "sign" and node[1] in FENCES


def _letters(element: Element) -> str:
    """The text of an operator that consists of letters and spaces."""
    found = []
    for child in element.iter():
        if child.tag == "mspace":
            found.append(" ")
        elif child.text and child.tag in ("mi", "mo", "mn", "mtext"):
            found.append(_content(child))
        elif child.tag not in ("mrow", "mo", "mi", "mstyle"):
            raise FormulaError(child.tag)
    text = "".join(found)
    if "\\" in text or not text.isprintable():
        raise FormulaError(text)
    return text


def _content(element: Element) -> str:
    """The characters of an element, with the entities that latex2mathml leaves replaced."""
    text = html.unescape(element.text or "")
    return text.replace("\n", " ") if element.tag == "mtext" else text.strip()


def _em(width: str) -> float:
    match = re.fullmatch(r"(-?[0-9]+(?:\.[0-9]+)?)(em|ex|pt|px|mu|cm|mm)?", width)
    if match is None:
        return 0.0
    number = float(match[1]) / {"ex": 2.0, "pt": 10.0, "px": 13.0, "mu": 18.0, "cm": 0.35, "mm": 3.5}.get(match[2], 1.0)
    return max(-3.0, min(number, 10.0))
