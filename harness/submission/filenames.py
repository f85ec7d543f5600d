"""File names as systems, browsers and editors change them, and the names that were meant."""

from __future__ import annotations

import re
import unicodedata

from harness.submission.required_names import MODULES

__all__ = ["is_almost", "is_called_archive", "is_notebook", "is_usable", "module_meant", "shown"]

MAX_SHOWN = 100
#: Characters that change the text direction, and so make a name look like another one.
DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
#: Control characters, surrogates and line ends.
UNUSABLE = ("Cc", "Cs", "Zl", "Zp")
#: Invisible characters between the letters of a name.
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
#: Endings of archives, also as browsers save a second or a partial download: ``hand-in.zip (1)``,
#: ``hand-in.zip.download``.
ARCHIVE = re.compile(r"\.(?:zip|tar|tgz|tbz2?|txz|gz|bz2|xz)\b", re.IGNORECASE)
NOTEBOOK = re.compile(r".*\.ipynb(?:\.txt|\.json)?", re.IGNORECASE | re.DOTALL)
MODULE = re.compile(
    rf"(?:copy of |kopie von )?({'|'.join(MODULES.values())})"
    r"(?:[ ()._-]|\d|copy|kopie|final|fixed|new|latest|v(?=\d))*?(?:\.py)+(?:\.txt)?(?: ?\(\d{1,3}\))?"
)


def is_usable(name: str) -> bool:
    """Whether a file may have this name. All kinds of spaces are allowed; control characters aren't."""
    return not any(char in DIRECTIONS or unicodedata.category(char) in UNUSABLE for char in name)


def shown(name: str) -> str:
    """A name as messages show it."""
    text = name.encode("utf-8", "replace").decode()
    return "".join(char if char.isprintable() else " " if char.isspace() else "?" for char in text)[:MAX_SHOWN]


def is_notebook(name: str) -> bool:
    """Whether the name is that of a notebook, also as browsers save it: ``work.ipynb.txt``."""
    return NOTEBOOK.fullmatch(name) is not None


def is_called_archive(name: str) -> bool:
    """Whether the name is that of an archive, or has no ending.

    By content alone, Office files and checkpoints would be zips.
    """
    return ARCHIVE.search(name) is not None or "." not in name.strip(".")


def is_almost(name: str, stem: str, ending: str = "") -> bool:
    """Whether a name equals another one, apart from capital letters and copy marks: ``Answers (1).md``."""
    plain = " ".join(INVISIBLE.sub("", unicodedata.normalize("NFKC", name[:MAX_SHOWN])).lower().split())
    return re.fullmatch(rf"{stem}(?:[ ()_-]|\d|copy|final)*{re.escape(ending)}(?:\.txt)?", plain) is not None


def module_meant(name: str) -> str | None:
    """The module file that a name stands for, as ``layers.py`` for ``Layers (1).py``; None if it is no module."""
    plain = INVISIBLE.sub("", unicodedata.normalize("NFKC", name[:MAX_SHOWN])).lower()
    match = MODULE.fullmatch(" ".join(plain.split()))
    return f"{match[1]}.py" if match is not None else None
