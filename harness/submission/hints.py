"""Hints at causes of a failure that the shown line doesn't reveal, mostly differences of the grading machine."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

from harness.edition import on_gradescope
from harness.failure import Failure
from harness.problem import problem
from harness.submission.required_names import FILES

__all__ = ["INSTALLED", "PYTHON", "hints", "newer_syntax"]

VERSION = sys.version_info[:2]
PYTHON = f"Python {VERSION[0]}.{VERSION[1]}"
#: The packages that student code can import besides the standard library, by their import names.
INSTALLED = tuple(
    sorted(("matplotlib", "numpy", "PIL", "safetensors", "torch", *problem().problem.packages), key=str.casefold)
)
#: Patterns of newer syntax, each with the first Python version that has it.
SYNTAX = (
    (re.compile(r"\s*except\s*\*"), (3, 11)),
    (re.compile(r"\s*type\s+\w+\s*(?:\[.*\]\s*)?="), (3, 12)),
    (re.compile(r"\s*(?:async\s+def|def|class)\s+\w+\s*\["), (3, 12)),
    (re.compile(r"\s*except\s+[\w.]+\s*,[\w., ]+:"), (3, 14)),
    (re.compile(r"(?:.*[\s(=,])?[tT][rR]?[\"'][^\"']*\{"), (3, 14)),
    (re.compile(r"\s*lazy\s+(?:import|from)\s"), (3, 15)),
)
F_STRING = re.compile(r"(?<!\w)(?:[fF][rR]?|[rR][fF])(\"\"\"|'''|\"|')")
OF_NEWER_F_STRINGS = (3, 12)
NOT_INSTALLED = re.compile(r"No module named '(\w+)[\w.]*'")
NOT_IN_LIBRARY = re.compile(r"cannot import name '(?P<name>\w+)' from '(?P<module>\w+)[\w.]*'")
NO_ATTRIBUTE = re.compile(r"module '(?P<module>\w+)[\w.]*' has no attribute '(?P<name>\w+)'")
GPU_WORDS = ("NVIDIA", "CUDA", "cudaGetDeviceCount")
MAX_LINE = 2000


def hints(failure: Failure) -> Iterator[str]:
    """A sentence for each thing that a student must know to understand a failure.

    Messages of Python and its libraries are recognised by the exception's type and text.
    """
    kind, text = failure.type_name, failure.message
    if (failure.kind, kind) == ("timeout", "TimeoutError"):
        yield "Is there an endless loop, or a loop over single elements?"
    if kind == "BdbQuit":
        elsewhere = "" if on_gradescope() else ", or grade with pytest's --in-process, which has a terminal"
        yield f"Take it out{elsewhere}."
    if kind in ("SyntaxError", "IndentationError"):
        lines = (line for one in failure.stack for line in one.code.splitlines())
        if newer := next(filter(None, map(newer_syntax, lines)), ""):
            yield newer
    if "null bytes" in text or "codec can't decode byte 0xff" in text:
        yield "The file is not saved as UTF-8, which Python needs: save it again with that encoding."
    missing = NOT_INSTALLED.match(text) if kind == "ModuleNotFoundError" else None
    if missing is not None and f"{missing[1]}.py" not in FILES:
        yield (
            f"{missing[1]} is not installed where your code is graded. If it is your own file, hand it in; else remove "
            f"the import. There are {', '.join(INSTALLED[:-1])} and {INSTALLED[-1]}."
        )
    pattern = {"ImportError": NOT_IN_LIBRARY, "AttributeError": NO_ATTRIBUTE}.get(kind)
    lacks = pattern.match(text) if pattern is not None else None
    if lacks is not None and lacks["module"] in sys.stdlib_module_names:
        lacking = f"{lacks['module']} has no {lacks['name']}"
        yield f"{PYTHON} grades your code, and its {lacking}: newer versions may have it."
    if kind == "PermissionError":
        yield "While your code is graded, it can't start processes, open connections, or reach other files."
    elif kind in ("URLError", "HTTPError", "gaierror"):
        yield "While your code is graded, it has no network. The files that the handout downloads are there already."
    elif kind == "RuntimeError" and "does not require grad" in text:
        yield "Nothing is left to train: all parameters are frozen, or the output was computed without gradients."
    elif kind == "IndexError" and text == "index out of range in self":
        yield "An embedding got a number beyond its size: are the arguments in the order of the docstring?"
    elif kind == "AttributeError" and "before Module.__init__() call" in text:
        yield "Call super().__init__() at the beginning of your class's __init__."
    if "2D attn_mask is" in text:
        yield "nn.MultiheadAttention takes the sequence before the batch unless it is made with batch_first=True."
    elif any(word in text for word in GPU_WORDS):
        yield "Your code is graded on the CPU: use cuda only if torch.cuda.is_available()."


def newer_syntax(line: str) -> str:
    """A sentence on the grading Python's version if a line needs a newer one; otherwise empty."""
    line = line[:MAX_LINE]
    versions = [version for pattern, version in SYNTAX if pattern.match(line)]
    if _has_newer_f_string(line):
        versions.append(OF_NEWER_F_STRINGS)
    newer = [version for version in versions if version > VERSION]
    if not newer:
        return ""
    major, minor = newer[0]
    return f"{PYTHON} grades your code, and this is probably syntax of Python {major}.{minor}: use older syntax."


def _has_newer_f_string(line: str) -> bool:
    """Whether an f-string has its own quotes, a backslash or a line break between braces, as Python 3.12 allows."""
    for match in F_STRING.finditer(line):
        quote, depth, index = match[1], 0, match.end()
        while index < len(line):
            char = line[index]
            if depth and (char == "\\" or (line.startswith(quote, index) and "}" in line[index:])):
                return True
            if line.startswith(quote, index):
                break
            if line.startswith(("{{", "}}"), index) and not depth:
                index += 1
            elif char in "{}":
                depth = max(depth + (1 if char == "{" else -1), 0)
            elif char == "\\":
                index += 1
            index += 1
        if depth and len(quote) == 1 and line.rstrip().endswith(("{", "(", "[", ",")):  # it goes on in the next line
            return True
    return False
