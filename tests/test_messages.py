"""Messages are whole sentences in plain English: each rule finds what it forbids, and every message keeps all rules."""

from __future__ import annotations

import pytest

from tests.messages import Message, broken_rules, collected, in_template, in_text


def found(text: str) -> list[tuple[str, bool]]:
    return [(message.text, message.whole) for message in in_text(text)]


def test_every_message_keeps_the_rules():
    assert [f"{message}: {rule}" for message in collected() for rule in broken_rules(message)] == []


def test_messages_of_every_kind_are_collected():
    texts = {message.text for message in collected()}
    assert "Grade everything again." in texts  # help of an option
    assert "{path} does not exist: name {ACCEPTED}." in texts  # an exception
    assert "is there a return statement?" in texts  # a hint
    assert "Grade one submission and print the score table." in texts  # help of a command
    assert "Show failed tests only" in texts  # a page
    assert "The minimum of the array becomes code 0, and the maximum becomes 255." in texts  # the title of a test
    assert "written answers within their limits" in texts  # a line of the checklist
    assert any(text.startswith("Only {MAX_NOTEBOOKS} of ") for text in texts)  # a note of intake
    assert len(texts) > 1000


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ('stop("There is nothing here.")', [("There is nothing here.", True)]),
        ('raise JournalError(f"{out} is a file.")', [("{out} is a file.", True)]),
        ('raise ArchiveError("is damaged, pack again")', [("is damaged, pack again", False)]),
        ('fail(f"It has {len(a)} of " + b)', [("It has {…} of {…}", True)]),
        ('show(1, hint="look at it first.")', [("look at it first.", True)]),
        ('tell("one two three" if a else "four five six")', [("one two three", True), ("four five six", True)]),
        ('x = 1\n"""A docstring with many words."""', []),
        ('re.compile(r"(?:one two three)")', []),
        ('name = "two words"', []),
    ],
)  # fmt: skip
def test_texts_are_found_with_their_placeholders(text, messages):
    assert found(text) == messages


def test_texts_of_a_page_are_found_without_tags_and_styles():
    page = "<style>a b c {}</style>\n<p>{% if a %}One two {{ b }} three.{% endif %}</p>\n<b>two words</b>"
    assert list(in_template(page, "a.j2")) == [Message("a.j2", 2, "One two {…} three.", whole=False)]


@pytest.mark.parametrize(
    ("text", "whole", "rule"),
    [
        ("The folder is empty", True, "no full stop at the end"),
        ("The crew has ended.", True, "“crew”: write “process pool”"),
        ("What was handed in is empty.", True, "“What was handed in”: write “the submission”"),
        ("It takes the place of the other file.", True, "“takes the place of”: write “replaces, instead of”"),
        ("{path} is no folder.", True, "“is no f”: write “is not a …”"),
        ("word " * 31 + "end.", False, f"more than 30 words: {'word ' * 31}end."),
    ],
)
def test_a_message_that_breaks_a_rule_is_found(text, whole, rule):
    assert list(broken_rules(Message("a.py", 1, text, whole))) == [rule]


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("There is no test of part {name}: choose one of {known}.", True),
        ("hand in the file itself", False),
        ("Report: {file}", True),
        (f"{'word ' * 20}end. {'word ' * 20}end.", True),
    ],
)
def test_a_plain_message_breaks_no_rule(text, whole):
    assert list(broken_rules(Message("a.py", 1, text, whole))) == []
