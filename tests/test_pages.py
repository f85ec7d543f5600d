"""The pages of the documentation name files, headings, commands and options that exist."""

from __future__ import annotations

import ast
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import typer

from course.experiments.cli import app as experiments
from harness import ROOT, cli
from tests.pages import broken_links, long_sentences, missing_paths, pages, printed_commands


@pytest.fixture(scope="module")
def commands() -> dict[str, Any]:
    """The commands of ``python -m grader`` by name, and run_experiments.py."""
    group: Any = typer.main.get_command(cli.app_for(""))
    return {**group.commands, "run_experiments.py": typer.main.get_command(experiments)}


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


def test_commands_are_found_in_blocks_of_code_with_the_lines_that_they_go_on_in():
    text = "make x.\n\n```\nmake test  # all\ndocker run \\\n    image grade\n```\n\n    make y\n"
    assert list(printed_commands(text)) == ["make test", "docker run image grade", "make y"]


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_and_paths_exist(page):
    assert [*broken_links(page), *missing_paths(page)] == []


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_and_their_options_exist(page: Path, commands):
    for line in printed_commands(page.read_text(encoding="utf-8")):
        for name, arguments in re.findall(r"(?:-m grader |(?=run_experiments\.py))(\S+)(.*)", line):
            assert name in commands, line
            known = {option for one in commands[name].params for option in one.opts}
            assert set(re.findall(r"(?<=\s)--[\w-]+", arguments)) <= known, line


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_modules_and_targets_of_make_exist(page: Path):
    text = page.read_text(encoding="utf-8")
    targets = set()
    for file in ("Makefile", "harness/handout/staff.mk"):
        targets |= set(re.findall(r"^([a-z-]+):", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE))
    printed = "\n".join(printed_commands(text))
    named = set(re.findall(r"^make ([a-z-]+)", printed, re.MULTILINE)) | set(re.findall(r"`make ([a-z-]+)", text))
    assert named <= targets
    modules = re.findall(r"-m ((?:benchmarks|course|docs|grader|harness|tests)[\w.]*)", text)
    assert [name for name in modules if find_spec(name) is None] == []


def test_messages_that_the_page_for_students_explains_are_in_the_code():
    page = (ROOT / "docs" / "students.md").read_text(encoding="utf-8")
    table = page.partition("| Message | What to do |")[2].partition("\n## ")[0]
    messages = re.findall(r"^\| ([^|`]+) \|", table, re.MULTILINE)
    texts = [text for path in (ROOT / "harness").rglob("*.py") for text in _texts(path.read_text(encoding="utf-8"))]
    assert len(messages) > 5
    for message in messages:
        pattern = re.compile(re.sub(r"\d[\w.]*", ".+", re.escape(message).replace(r"\.", ".")))
        assert any(pattern.search(text) for text in texts), message


def _texts(module: str) -> list[str]:
    """The texts in a module, with a sign for each value that is put into one."""
    found = []
    for node in ast.walk(ast.parse(module)):
        if isinstance(node, ast.JoinedStr):
            found.append("".join(str(one.value) if isinstance(one, ast.Constant) else "…" for one in node.values))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append(node.value)
    return found
