"""``python -m harness new DIR``: copy the small example problem set as the start of another one."""

from __future__ import annotations

import shutil
from pathlib import Path

from harness import ROOT

__all__ = ["EXAMPLE", "NEXT", "NewError", "new"]

EXAMPLE = ROOT / "examples" / "softmax"
"""The problem set that is copied."""
NEXT = (
    "git init",
    "python3 -m venv .venv",
    ".venv/bin/python -m pip install -e .",
    ".venv/bin/python -m grader grade grader/solution",
    ".venv/bin/python -m grader grade student",
    ".venv/bin/python -m grader validate",
)
"""The commands to run in the new folder. docs/another-problem-set.md has the same."""
IGNORED = (".venv/", "__pycache__/", "*.egg-info/", "*.zip", "/grades/", "/results/")
"""The lines of the new folder's .gitignore."""
LEFT_BEHIND = shutil.ignore_patterns("__pycache__", ".*", "*.egg-info")


class NewError(Exception):
    """Nothing was copied. The text is one sentence that says why and what to do."""


def new(folder: Path) -> None:
    """Copy the example and the harness into an empty or new folder.

    Raises:
        NewError: the folder isn't empty, it can't be written, or the example is missing.
    """
    if not EXAMPLE.is_dir():
        raise NewError(f"{EXAMPLE} is missing: take a copy of the repository that has it.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise NewError(f"{folder} is not empty: name a new folder.")
    try:
        shutil.copytree(EXAMPLE, folder, ignore=LEFT_BEHIND, dirs_exist_ok=True)
        shutil.copytree(ROOT / "harness", folder / "harness", ignore=LEFT_BEHIND)
        (folder / ".gitignore").write_text("".join(f"{line}\n" for line in IGNORED), encoding="utf-8")
    except OSError as error:
        raise NewError(f"{folder} can't be written: {error.strerror or error}.") from error
