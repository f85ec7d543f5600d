"""The rules of prose find what they forbid, and nothing else."""

from __future__ import annotations

import re

import pytest

from harness import ROOT
from tests.prose import fragments


@pytest.mark.parametrize(
    "text", ["of a call", "Of a call.", "seconds of a call", "Seconds of a call", "``None``: none"]
)
def test_a_docstring_that_is_no_sentence_is_found(text):
    whole = "Seconds that a call takes."
    assert list(fragments(f'class A:\n    x: int = 1\n    """{text}"""\n    y: int = 2\n    """{whole}"""\n')) == [
        (3, text)
    ]


@pytest.mark.parametrize(
    "text", ["``(N, C)`` float32.", "(N, C) float32.", "``None`` stands for all.", "2 or 3.", ":func:`f`."]
)
def test_a_docstring_may_begin_with_a_shape_or_code(text):
    assert list(fragments(f'x = 1\n"""{text}"""\n')) == []


def test_docstrings_of_functions_and_other_texts_are_not_looked_at():
    assert list(fragments('"""For whom."""\n\ndef f():\n    """To do."""\n    x = 1\n    return "of"\n')) == []


def test_private_names_of_pytest_are_used_in_one_module_only():
    private = re.compile(r"\bimport _pytest|from _pytest|\b(?:item|config|session|request|report)\._[a-z]")
    found = {path.name for path in (ROOT / "harness").rglob("*.py") if private.search(path.read_text(encoding="utf-8"))}
    assert found == {"second_run.py"}
