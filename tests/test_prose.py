"""The rules of prose find what they forbid, and nothing else."""

from __future__ import annotations

import re

import pytest

from harness import ROOT
from tests import pages
from tests.pages import broken_links, long_sentences, missing_paths
from tests.prose import fragments


def test_a_docstring_without_a_subject_is_found():
    text = 'class A:\n    x: int = 1\n    """of a call"""\n    y: int = 2\n    """The seconds of a call."""\n'
    assert list(fragments(text)) == [(3, "of a call")]


def test_docstrings_of_functions_and_other_texts_are_not_looked_at():
    assert list(fragments('"""For whom."""\n\ndef f():\n    """To do."""\n    x = 1\n    return "of"\n')) == []


def test_a_long_sentence_is_found_and_code_is_none():
    words = "word " * 30
    code = f"```\n{words}{words}\n```\n\n    {words}{words}\n"
    assert list(long_sentences(f"{words}end.\n\n{code}")) == [f"{words}end."]
    assert list(long_sentences(f"{words.strip()}. Next.")) == []


def test_items_of_a_list_are_sentences_of_their_own_and_rows_of_a_table_are_none():
    half = "word " * 16
    assert list(long_sentences(f"- {half}\n- {half}\n1. {half}\n2. {half}\n\n| {half} {half} |\n")) == []


def test_a_link_to_no_file_or_no_heading_is_found(tmp_path):
    page = tmp_path / "page.md"
    text = "# What *is* it?\n[1](page.md#what-is-it) [2](#more) [3](none.md) [4](https://example.edu/none)\n"
    page.write_text(f"{text}```\n[5](none.md)\n```\n", encoding="utf-8")
    assert list(broken_links(page)) == ["page.md: #more", "page.md: none.md"]


def test_a_path_that_does_not_exist_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("`tests/pages.py`, `tests/none.py`, `results/`", encoding="utf-8")
    assert list(missing_paths(page)) == ["page.md: tests/none.py"]


@pytest.mark.parametrize("page", pages.pages(), ids=lambda page: page.name)
def test_links_and_paths_of_the_documentation_exist(page):
    assert [*broken_links(page), *missing_paths(page)] == []


def test_private_names_of_pytest_are_used_in_one_module_only():
    private = re.compile(r"\bimport _pytest|from _pytest|\b(?:item|config|session|request|report)\._[a-z]")
    found = {path.name for path in (ROOT / "harness").rglob("*.py") if private.search(path.read_text(encoding="utf-8"))}
    assert found == {"second_run.py"}
