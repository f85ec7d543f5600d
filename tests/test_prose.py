"""The rules of prose find what they forbid, and nothing else."""

from __future__ import annotations

import re

from harness import ROOT
from tests.prose import fragments


def test_a_docstring_without_a_subject_is_found():
    text = 'class A:\n    x: int = 1\n    """of a call"""\n    y: int = 2\n    """The seconds of a call."""\n'
    assert list(fragments(text)) == [(3, "of a call")]


def test_docstrings_of_functions_and_other_texts_are_not_looked_at():
    assert list(fragments('"""For whom."""\n\ndef f():\n    """To do."""\n    x = 1\n    return "of"\n')) == []


def test_private_names_of_pytest_are_used_in_one_module_only():
    private = re.compile(r"\bimport _pytest|from _pytest|\b(?:item|config|session|request|report)\._[a-z]")
    found = {path.name for path in (ROOT / "harness").rglob("*.py") if private.search(path.read_text(encoding="utf-8"))}
    assert found == {"second_run.py"}
