"""Find calls that change Python or its libraries for all code when a module is imported.

Such a call can make a test fail at a distant place, so reports name its line.
"""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.submission.cells import executed
from harness.submission.file_search import read_text
from harness.submission.intake import Setting
from harness.submission.required_names import FILES

__all__ = ["changes", "settings_of"]

MAX_FILES, MAX_CHARACTERS, MAX_SETTINGS, MAX_SHOWN = 20, 300_000, 3, 80
#: Functions by their last name. Setting seeds and print options is allowed.
SETTINGS = frozenset(
    {
        *("set_default_dtype", "set_default_tensor_type", "set_default_device", "set_grad_enabled"),
        *("use_deterministic_algorithms", "set_deterministic_debug_mode", "set_detect_anomaly", "set_flush_denormal"),
        *(
            "set_num_threads",
            "seterr",
            "setrecursionlimit",
            "settrace",
            "setprofile",
            "chdir",
            "setlocale",
            "setitimer",
        ),
    }
)
#: These count only if they turn warnings into errors.
WARNINGS = frozenset({"filterwarnings", "simplefilter"})
#: Contexts that code may enter and never leave.
CONTEXTS = ("no_grad", "inference_mode", "errstate", "autocast")


def settings_of(folder: Path) -> dict[str, tuple[Setting, ...]]:
    """The settings that each module changes on import, itself or through modules that it imports."""
    found: dict[str, tuple[Setting, ...]] = {}
    for file in FILES:
        settings = [one for name, tree in _trees(folder, file) for one in _settings(name, tree)]
        if settings:
            found[file] = tuple(settings[:MAX_SETTINGS])
    return found


def _trees(folder: Path, file: str) -> Iterator[tuple[str, ast.Module]]:
    """A module and the modules in its folder that it imports, each with its syntax tree."""
    waiting, seen = [file], {file}
    while waiting and len(seen) <= MAX_FILES:
        name = waiting.pop(0)
        if not (folder / name).is_file():
            continue
        text = read_text(folder / name)
        try:
            tree = ast.parse(text if len(text) <= MAX_CHARACTERS else "")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        yield name, tree
        for node in tree.body:
            modules = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                modules.append(node.module)
            for other in (f"{module.replace('.', '/')}.py" for module in modules):
                if other not in seen:
                    seen.add(other)
                    waiting.append(other)


def _settings(name: str, tree: ast.Module) -> Iterator[Setting]:
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for line, text in changes(tree.body, functions):
        yield Setting(name, line, text)


def changes(
    statements: Sequence[ast.stmt], functions: dict[str, ast.FunctionDef] | None = None
) -> Iterator[tuple[int, str]]:
    """The lines that change a setting when the statements run, each with its call.

    Args:
        functions: the functions whose calls are followed.
    """
    left = dict(functions or {})
    waiting = deque(statements)
    while waiting:
        statement = waiting.popleft()
        if isinstance(statement, ast.If) and "__name__" in ast.unparse(statement.test):
            continue
        managed = {
            id(item.context_expr)
            for node in ast.walk(statement)
            if isinstance(node, ast.With | ast.AsyncWith)
            for item in node.items
        }
        for part in executed(statement):
            for node in ast.walk(part):
                if not isinstance(node, ast.Call) or id(node) in managed:
                    continue
                if _is_change(node):
                    yield node.lineno, ast.unparse(node)[:MAX_SHOWN]
                elif isinstance(node.func, ast.Name) and node.func.id in left:
                    waiting.extendleft(reversed(left.pop(node.func.id).body))


def _is_change(node: ast.Call) -> bool:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name == "__enter__":
        return any(context in ast.unparse(node.func) for context in CONTEXTS)
    if name in WARNINGS:
        return bool(node.args) and isinstance(node.args[0], ast.Constant) and node.args[0].value == "error"
    return name.lstrip("_") in SETTINGS
