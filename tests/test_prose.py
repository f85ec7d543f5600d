"""The rules of prose find what they forbid, and nothing else."""

from __future__ import annotations

from tests.prose import fragments, long_sentences


def test_a_docstring_without_a_subject_is_found():
    text = 'class A:\n    x: int = 1\n    """of a call"""\n    y: int = 2\n    """The seconds of a call."""\n'
    assert list(fragments(text)) == [(3, "of a call")]


def test_docstrings_of_functions_and_other_texts_are_not_looked_at():
    assert list(fragments('"""For whom."""\n\ndef f():\n    """To do."""\n    x = 1\n    return "of"\n')) == []


def test_a_long_sentence_is_found_and_code_is_none():
    words = "word " * 30
    assert list(long_sentences(f"{words}end.\n\n```\n{words}{words}\n```\n")) == [f"{words}end."]
    assert list(long_sentences(f"{words.strip()}. Next.")) == []


def test_a_list_and_a_table_are_sentences_of_their_own():
    half = "word " * 16
    assert list(long_sentences(f"- {half}\n- {half}\n| {half} | {half} |\n")) == []
