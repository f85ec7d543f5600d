"""The written answers as a record: who wrote them, what belongs to which question, and how many words it has."""

from __future__ import annotations

import time

import pytest

from harness.submission.answers import MAX_PARSED, QUESTIONS, count_words, parse
from harness.validation.cases import STUBS

FIRST = "## 1.1 Which learning rate is best, and why (100)"
PRUNING = "## 3.3 What happens at the pruning steps (150)"


def answer(text: str, part: str, title: str = ""):
    """The answer of this part, by the beginning of its title where the part has several."""
    return next(one for one in parse(text).answers if one.part == part and one.title.startswith(title))


# ---- which text belongs to which question ----


def test_the_questions_are_the_headings_of_the_students_file():
    headings = [line[3:] for line in (STUBS / "answers.md").read_text("utf-8").splitlines() if line.startswith("## ")]
    assert headings == [f"{q.part} {q.title}" + (f" ({q.words})" if q.words else "") for q in QUESTIONS]


def test_the_students_file_as_it_is_has_no_team_no_statement_and_no_answers():
    found = parse((STUBS / "answers.md").read_text("utf-8"))
    assert (found.team, found.ai_tools, found.others, found.remarks) == ((), "", (), ())
    assert not any(one.answered for one in found.answers)


def test_an_answer_ends_at_the_next_heading_with_a_number():
    text = f"{FIRST}\n\nThe second.\n\n### Why\n\nIt falls.\n\n{PRUNING}\n\nIt drops.\n"
    assert answer(text, "1.1").text == "The second.\n\n### Why\n\nIt falls."


def test_an_answer_ends_at_a_heading_of_its_own_size_that_has_no_number():
    assert answer(f"{FIRST}\n\nThe second.\n\n## Code\n\nprint(1)\n", "1.1").text == "The second."


def test_a_heading_in_a_block_of_code_begins_nothing():
    text = f"{FIRST}\n\n```\n{PRUNING}\n```\n"
    assert answer(text, "1.1").text == f"```\n{PRUNING}\n```"
    assert not answer(text, "3.3").found


@pytest.mark.parametrize(
    "heading", ["# 3.3 What happens at the pruning steps", "3.3 What happens\n---", "#### Part 3.3:"]
)
def test_headings_of_other_sizes_and_titles_count_where_the_part_has_one_question(heading):
    assert answer(f"{heading}\n\nIt drops.\n", "3.3").text == "It drops."


def test_the_limit_is_the_questions_and_not_what_the_heading_says():
    assert answer("## 3.3 What happens at the pruning steps (100000)\n\na", "3.3").limit == 150


def test_three_questions_of_one_part_are_told_apart_by_their_titles():
    text = "## 2.2 4 bits against full precision (50)\n\nfour\n\n## 2.2 8 bits against full precision (50)\n\neight\n"
    assert [one.text for one in parse(text).answers if one.part == "2.2"] == ["eight", "four", ""]


def test_a_heading_of_the_handout_takes_nothing_from_the_questions_own():
    found = parse(f"## 1.1 Training\n\nSome words of the notebook.\n\n{FIRST}\n\nThe second.\n")
    assert found.answers[0].text == "The second."
    assert [one.text for one in found.others] == ["Some words of the notebook."]


def test_texts_under_a_heading_that_is_there_twice_are_taken_together_with_a_remark():
    found = parse(f"{FIRST}\n\none\n\n{FIRST}\n\ntwo\n")
    assert found.answers[0].text == "one\n\ntwo"
    assert any("has 2 headings" in remark for remark in found.remarks)


def test_a_missing_heading_is_a_remark():
    found = parse(f"{FIRST}\n\none\n")
    in_words = [question for question in QUESTIONS if not question.figure_only]
    assert sum("has no heading" in remark for remark in found.remarks) == len(in_words) - 1


def test_a_heading_for_a_figure_alone_may_be_missing_or_empty():
    of_figures = [question for question in QUESTIONS if question.figure_only]
    assert of_figures
    for text in ("", "".join(f"## {question.part} {question.title}\n\n" for question in of_figures)):
        found = parse(text)
        figures = [one for one in found.answers if one.figure_only]
        assert [(one.part, one.is_missing) for one in figures] == [(one.part, False) for one in of_figures]
        assert not any(one.part in remark for one in of_figures for remark in found.remarks)


def test_an_answer_knows_what_is_asked_and_what_it_is_worth():
    found = parse(f"{FIRST}\n\none\n").answers[0]
    assert (found.points, found.asks) == (QUESTIONS[0].points, QUESTIONS[0].asks)


def test_a_number_that_no_question_has_is_kept_as_another_text_with_a_remark():
    found = parse("## 9.9 My own (10)\n\ntext\n")
    assert [(one.part, one.title, one.limit, one.text) for one in found.others] == [("9.9", "My own", 10, "text")]
    assert any("9.9 My own" in remark for remark in found.remarks)


def test_answers_of_another_systems_line_endings_are_the_same():
    text = f"Team: Ada\n\n{FIRST}\n\none\n\ntwo\n"
    assert parse(text.replace("\n", "\r\n")) == parse(text)


# ---- team, AI tools ----


@pytest.mark.parametrize(
    "line",
    [
        "Team: Zoë Müller, Ada Lovelace",
        "**Team:** Zoë Müller and Ada Lovelace",
        "Team: <!-- all members --> Zoë Müller; Ada Lovelace",
        "Team: Zoë Müller\nTeam: Ada Lovelace",
        "Team:\n\n- Zoë Müller\n- Ada Lovelace\n\nOne heading a part.",
        "## Team\n\nZoë Müller & Ada Lovelace",
    ],
)
def test_names_of_the_team(line):
    assert parse(f"# Answers\n\n{line}\n\nAI tools: none\n\n{FIRST}\n\na").team == ("Zoë Müller", "Ada Lovelace")


def test_the_team_is_looked_for_above_the_answers_only():
    assert parse(f"{FIRST}\n\nTeam: Ada Lovelace\n").team == ()


def test_what_was_said_of_ai_tools_may_have_paragraphs():
    found = parse(f"Team: Ada\n\nAI tools: one, for words.\n\nAnd another.\n\n{FIRST}\n\na")
    assert found.ai_tools == "one, for words.\n\nAnd another."


def test_ai_tools_may_have_a_heading():
    found = parse(f"{FIRST}\n\na\n\n## AI tools\n\nNone.\n")
    assert (found.ai_tools, found.answers[0].text) == ("None.", "a")


# ---- words ----


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("don't 1.0 2× state-of-the-art", 4),
        ("10 % of 1,000 is 100 — e.g. train/test", 7),
        ("best—because yes…no a,b wait...what", 8),
        ("= + ≈ -> :", 0),
        ("a $x^2 + y$ b $$y$$ c \\(z\\) d \\[w\\] e", 5),
        ("text\n\n$$\nx = y\n$$\n\ntext", 2),
        ("2$\\times$ and $ n $", 2),
        ("**un**believable *two words*, ~~struck~~", 4),
        ("the `learning_rate` here", 3),
        ("[two words](http://x.y/z) <http://a.b> https://foo.bar/baz", 2),
        ("before\n\n| a | b |\n|---|---|\n| c | d |\n\nafter", 2),
        ("before\n\n```python\nprint(1)\n```\n\nafter\n\n    indented = 1\n", 2),
        ("![a long description](a.png) end", 1),
        ("<!-- not these words --> these", 1),
        ("<div>two words</div>\n\n<table><tr><td>not these</td></tr></table>", 2),
        ("<table> open, and words to hide", 5),
        ("H<sub>2</sub>O and a<br>b", 4),
        ("- one\n- two\n\n1. three\n\n> four\n\n### Five", 5),
        ("one\\\ntwo\nthree", 3),
        ("\\*one\\* &amp; two", 2),
    ],
)  # fmt: skip
def test_words_are_counted_as_a_person_would(text, words):
    assert count_words(text) == words


def test_an_answer_is_over_its_limit_from_one_word_more():
    assert not answer(f"{PRUNING}\n\n" + "word " * 150, "3.3").over
    assert answer(f"{PRUNING}\n\n" + "word " * 151, "3.3").over


def test_words_behind_what_is_read_as_markdown_count_too():
    assert count_words("word " * (MAX_PARSED // 5 + 10)) == MAX_PARSED // 5 + 10


@pytest.mark.parametrize(
    ("text", "answered"),
    [("", False), ("<!-- later -->", False), ("  \n\n", False), ("Yes.", True), ("$$x$$", True),
     ("| a |\n|---|\n| 1 |", True), ("![](a.png)", True), ("```\nx\n```", True)],
)  # fmt: skip
def test_something_is_answered_by_anything_that_can_be_seen(text, answered):
    assert answer(f"{FIRST}\n\n{text}\n", "1.1").answered is answered


# ---- texts of anybody ----

MEGABYTE = 1_000_000
HOSTILE = {
    "brackets": "[",
    "stars": "*a ",
    "stars and underscores": "*a _b ",
    "quotations": ">",
    "lists": "- ",
    "numbers": "1. a\n",
    "dollars": "$",
    "dollars with letters": "$a ",
    "formulas that don't end": "\\(x ",
    "tags that don't end": "<a ",
    "comments that don't end": "<!--",
    "declarations": "<div>\n<!",
    "pipes": "|",
    "links": "[a](",
    "images": "![a](",
    "definitions": "[a]: x\n",
    "headings": "## 2.2 x\n\na\n\n",
    "underlined headings": "a\n=\n",
    "teams": "Team: <!--",
    "null characters": "\0",
    "halves of signs": "\ud800",
    "escape sequences": "\x1b[31m",
}


@pytest.mark.slow
@pytest.mark.parametrize("start", ["", f"{FIRST}\n\n", f"{FIRST}\n\n<div>\n"], ids=["alone", "answer", "html"])
@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_a_megabyte_of_rubbish_is_read_in_seconds(start, piece):
    began = time.process_time()
    found = parse(start + piece * (MEGABYTE // len(piece)))
    for one in (*found.answers, *found.others):
        assert one.words >= 0
        assert one.answered in (True, False)
    # 2.5 s here for the slowest.
    assert time.process_time() - began < 15


def test_an_endless_number_of_headings_leaves_a_few_remarks():
    found = parse("## 9.9 x\n\na\n\n" * 10_000)
    assert len(found.remarks) <= 20
    assert len(found.others) <= 50
