"""The write-up: a PDF of answers and results, and one sentence for whatever is missing."""

from __future__ import annotations

import io
import json
import re
import shutil
import sys

import msgspec
import pytest
from pypdf import PdfReader

from course import records
from course.records import code_digest
from course.writeup import markdown as reading
from course.writeup.formulas import FormulaError, tree
from course.writeup.markdown import Reader
from harness.submission.answers import parse
from harness.validation.cases import SOLUTION, STUBS
from tests.pset2.quick_results import PARTS
from tests.pset2.writeup_folder import ANSWERS, STEM

# ---- the PDF ----


def test_the_pdf_has_the_course_s_name_the_team_and_every_question(full_writeup_folder):
    full_writeup_folder.make()
    assert full_writeup_folder.code == 0
    assert full_writeup_folder.pdf.name == f"{STEM}.pdf"
    assert "Zoë Müller and Ada Lovelace" in full_writeup_folder.text
    for answer in parse(ANSWERS).answers:
        assert answer.title.replace("'", "’") in full_writeup_folder.text.replace("'", "’")
        assert answer.asks.replace("'", "’") in " ".join(full_writeup_folder.text.replace("'", "’").split())


def test_each_figure_of_the_results_is_in_the_pdf_with_profile_and_seed(full_writeup_folder):
    text = full_writeup_folder.make().text
    made = [records.read(full_writeup_folder.results / part) for part in PARTS]
    captions = [caption.partition(" (part")[0] for record in made for caption in record.figures.values()]
    assert captions
    for number, caption in enumerate(captions, start=1):
        assert f"Figure {number}. {caption}. Quick profile, seed 43." in text


def test_figures_are_lines_and_not_points_so_that_their_words_can_be_read(full_writeup_folder):
    assert "Test accuracy (%)" in full_writeup_folder.make().text


def test_a_figure_whose_pdf_is_damaged_is_the_png(full_writeup_folder, tmp_path):
    shutil.copytree(full_writeup_folder.results, tmp_path / "copy")
    full_writeup_folder.results = tmp_path / "copy"
    figures = [*full_writeup_folder.results.rglob("*.pdf")]
    assert figures
    for path in figures:
        path.write_bytes(b"%PDF-1.4\nrubbish")
    full_writeup_folder.make()
    images = [image for page in PdfReader(full_writeup_folder.pdf).pages for image in page.images]
    assert len(images) == len(list(full_writeup_folder.results.rglob("*.png")))
    assert "Figure 1." in full_writeup_folder.text


def test_a_figure_that_is_damaged_altogether_is_left_out(full_writeup_folder, tmp_path):
    shutil.copytree(full_writeup_folder.results, tmp_path / "copy")
    full_writeup_folder.results = tmp_path / "copy"
    figures = [*full_writeup_folder.results.rglob("*.pdf"), *full_writeup_folder.results.rglob("*.png")]
    assert figures
    for path in figures:
        path.write_bytes(path.read_bytes()[:50])
    assert full_writeup_folder.make().code == 0
    assert "Figure" not in full_writeup_folder.text


def test_tables_of_the_records_and_of_their_runs_are_in_the_pdf(full_writeup_folder):
    text = full_writeup_folder.make().text
    record = records.read(full_writeup_folder.results / "3.3")
    assert f"{record.tables[0].title}. Quick profile, seed 43." in text
    for row in record.tables[0].rows:
        assert f"{row[1]:,} {row[2]:,}" in text
    run = record.runs[0]
    assert f"{run.title} {len(run.accuracies)} " in text
    assert f"{100 * run.accuracies[-1]:.2f}" in text


def test_a_stand_in_is_named_in_the_captions(full_writeup_folder):
    stand_ins = records.read(full_writeup_folder.results / "4.2").stand_ins
    assert stand_ins
    text = full_writeup_folder.make().text.replace("’", "'")
    for sentence in stand_ins:
        assert sentence in text


def test_equal_texts_make_equal_files(full_writeup_folder):
    full_writeup_folder.make()
    first = {path.name: path.read_bytes() for path in full_writeup_folder.out.iterdir()}
    shutil.rmtree(full_writeup_folder.out)
    full_writeup_folder.make()
    assert {path.name: path.read_bytes() for path in full_writeup_folder.out.iterdir()} == first
    assert len(first) == 2


def test_words_are_shown_against_the_limit(writeup_folder):
    writeup_folder.answer("These are five words only.")
    assert "5 of 100 words" in writeup_folder.make().text


def test_an_answer_over_the_limit_is_marked_and_said(writeup_folder):
    writeup_folder.answer("word " * 101)
    writeup_folder.make()
    assert "101 words, 100 allowed" in writeup_folder.text
    assert (
        "1.1 Which learning rate is best, and why has 101 words, and 100 are allowed: shorten it."
        in writeup_folder.said
    )


def test_what_is_not_answered_is_shown_and_said(writeup_folder):
    writeup_folder.answer("Answered.")
    writeup_folder.make()
    assert writeup_folder.text.count("Not answered yet.") == 11
    assert "Not answered yet: 1.2, 2.1, 2.2 (8 bits against full precision), 2.2 (4" in writeup_folder.said


def test_without_results_the_pdf_says_how_to_make_them(writeup_folder):
    writeup_folder.answer("a")
    writeup_folder.make()
    assert "No results yet: python run_experiments.py 1.1 makes them." in writeup_folder.text
    assert (
        f"{writeup_folder.results} has no results: run make experiments, or name another folder" in writeup_folder.said
    )


def test_results_of_other_code_are_said(full_writeup_folder):
    (full_writeup_folder.student / "pruning.py").write_text("changed = True\n")
    said = full_writeup_folder.make().said
    assert "The results of 3.3 were made with another pruning.py: run 3.3 again." in said
    assert "another training.py" not in said
    assert (
        code_digest(SOLUTION / "training.py")
        == records.read(full_writeup_folder.results / "1.2").student["training.py"]
    )


def test_a_record_that_can_t_be_read_is_said(writeup_folder):
    (writeup_folder.results / "1.1").mkdir(parents=True)
    (writeup_folder.results / "1.1" / "record.json").write_text("{}")
    assert "1.1/record.json can't be read" in writeup_folder.make().said
    assert writeup_folder.code == 0


# ---- Markdown and formulas ----


def test_markdown_becomes_text_without_its_signs(writeup_folder):
    writeup_folder.answer(
        "A **bold** and *slanted* ~~struck~~ [link](https://a.b) with `code`.\n\n- one\n- two\n\n3. three\n\n"
        "> quoted\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n```\nx = [1]\n```\n\n### Smaller\n\n---\n\nend\\\nline"
    )
    text = writeup_folder.make().text
    for part in ("A bold and slanted struck link with code.", "one", "3. three", "quoted", "a b 1 2", "x = [1]"):
        assert part in text
    links = [note.get_object() for page in PdfReader(writeup_folder.pdf).pages for note in page.get("/Annots") or ()]
    assert [link["/A"]["/URI"] for link in links] == ["https://a.b"]


def test_no_link_leads_to_a_file_or_a_script(writeup_folder):
    writeup_folder.answer("[a](file:///etc/passwd) [b](javascript:alert) [c](https://right.org)")
    writeup_folder.make()
    links = [note.get_object() for page in PdfReader(writeup_folder.pdf).pages for note in page.get("/Annots") or ()]
    assert [link["/A"]["/URI"] for link in links] == ["https://right.org"]


@pytest.mark.parametrize(
    ("latex", "shown"),
    [
        (r"\alpha + \beta", "𝛼 + 𝛽"),
        (r"abc", "𝑎𝑏𝑐"),
        (r"x_i^2 \times 10^{-3}", "10−3"),
        (r"\mathrm{softmax}\left(\frac{QK^\top}{\sqrt{d_k}}\right)V", "softmax"),
        (r"\begin{cases} a & x > 0 \\ b & \text{otherwise} \end{cases}", "otherwise"),
        (r"\begin{align} p &= q \\ r &= s \end{align}", "𝑝 = 𝑞"),
        (r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}", "[1 3 2 4]"),  # by columns
        (r"\lVert w \rVert_1 \le \lfloor \hat{x} \rfloor", "≤"),
        (r"\operatorname{round}(x) \approx \mathbb{E}[y]", "round(𝑥) ≈ 𝔼[𝑦]"),
        (r"\sum_{i=1}^{n} \binom{n}{i} \overline{z}", "∑"),
        (r"\arg\min_\theta L", "arg min"),
        (r"\operatorname*{round}(x)", "round(𝑥)"),
    ],
)
def test_formulas_are_formulas(writeup_folder, latex, shown):
    writeup_folder.answer(f"So ${latex}$ and\n\n$${latex}$$\n\nso on.")
    writeup_folder.make()
    assert shown in writeup_folder.text
    assert "\\" not in writeup_folder.text
    assert "as it was written" not in writeup_folder.said


@pytest.mark.parametrize("latex", [r"\unheard{x}", "x_", r"\frac{1}", r"\left(", "{", r"\def\a{\a\a}\a", "x^" * 300])
def test_a_formula_that_can_t_be_set_is_shown_as_it_was_written_and_said(writeup_folder, latex):
    writeup_folder.answer(f"So ${latex}$ here.")
    writeup_folder.make()
    assert writeup_folder.code == 0
    assert latex.replace(" ", "")[:40] in writeup_folder.text.replace(" ", "")
    assert f"The formula {latex[:20]}" in writeup_folder.said


def test_definitions_of_new_commands_are_no_formulas():
    with pytest.raises(FormulaError):
        tree(r"\newcommand{\a}{bbbb}\a")


def test_an_image_of_the_team_is_shown(full_writeup_folder):
    shutil.copy(full_writeup_folder.results / "1.1" / "learning-rates.png", full_writeup_folder.student / "mine.png")
    full_writeup_folder.answer("Look: ![my own curve](mine.png)")
    full_writeup_folder.make()
    assert sum(len(page.images) for page in PdfReader(full_writeup_folder.pdf).pages) == 1


@pytest.mark.parametrize("address", ["../secret.png", "/etc/passwd", "https://a.b/c.png", "missing.png", "text.png"])
def test_an_image_from_elsewhere_or_of_another_kind_is_not_shown_and_said(full_writeup_folder, address):
    shutil.copy(full_writeup_folder.results / "1.1" / "learning-rates.png", full_writeup_folder.folder / "secret.png")
    (full_writeup_folder.student / "text.png").write_text("no picture")
    full_writeup_folder.answer(f"![a picture]({address})")
    full_writeup_folder.make()
    assert not any(page.images for page in PdfReader(full_writeup_folder.pdf).pages)
    assert "[image: a picture]" in full_writeup_folder.text
    assert f"The image {address} is not shown" in full_writeup_folder.said


# ---- texts that would do harm ----

COMMANDS = [
    '#read("/etc/passwd")',
    '#panic("no")',
    "#set page(width: 1pt)",
    '#include "document.json"',
    "$#read(x)$ $#panic()$",
    "= Heading",
    "<label> @label",
    '`#read("a")`',
    "```\n#panic()\n```",
    "| #panic() |\n|---|\n| #read(1) |",
    "\\u{1F600} // /* comment",
    '"quoted" [brackets] ] ) }',
]


@pytest.mark.parametrize("text", COMMANDS)
def test_commands_of_the_typesetter_are_texts(writeup_folder, text):
    writeup_folder.answer(f"{text}\n\nThe end is here.", team=f"Team: {text.split(chr(10))[0].replace(',', '')}, Ada")
    assert writeup_folder.make().code == 0
    assert "The end is here." in writeup_folder.text
    assert "root:" not in writeup_folder.text
    assert all(word in writeup_folder.text for word in re.findall(r"[#@][a-z]+", text))


@pytest.mark.parametrize(
    "text",
    ["\0\x1b[31m\u202e", "\ud800", "a" * 30_000, "\u0301" * 10_000, "*a **b " * 2_000, ">" * 500 + " a",
     "|" + "a|" * 300 + "\n|" + "-|" * 300 + "\n", "- a\n" * 3_000, "$" + "\\frac{1}{" * 60 + "x" + "}" * 60 + "$",
     "<table><tr><td>", "<!-- never closed", "```\nnever closed", "$$\nnever closed", "[a]: b\n[a][a]", "🙂中文"],
    ids=range(15),
)  # fmt: skip
def test_odd_texts_make_a_pdf(writeup_folder, text):
    writeup_folder.answer(text)
    assert writeup_folder.make().code == 0
    assert "Which learning rate is best" in writeup_folder.text


def test_a_record_of_anybody_makes_a_pdf(full_writeup_folder, tmp_path):
    shutil.copytree(full_writeup_folder.results, tmp_path / "copy")
    full_writeup_folder.results = tmp_path / "copy"
    record = records.read(full_writeup_folder.results / "1.1")
    record.title = '#panic() "*_$'
    record.figures = {"../../../etc/passwd": "x", "learning-rates": "#read() $x$ " + "a" * 3_000}
    record.stand_ins = ["\x1b[31m#panic()"] * 3
    record.tables = [records.Table("#t", ["a"] * 50, [["#b"] * 40, [float("1e300")] * 50])]
    record.runs[0].accuracies = [5e300]
    (full_writeup_folder.results / "1.1" / "record.json").write_bytes(msgspec.json.encode(record))
    assert full_writeup_folder.make().code == 0
    assert "#panic()" in full_writeup_folder.text


def test_answers_that_break_the_template_are_shown_as_they_were_written(writeup_folder, monkeypatch):
    monkeypatch.setattr(reading, "tree", lambda latex, display: ["accent", ["row", []], "no accent"])
    writeup_folder.answer("See $x$ here.")
    assert writeup_folder.make().code == 0
    assert "See $x$ here." in writeup_folder.text
    assert "are shown as they were written" in writeup_folder.said


def test_what_is_nested_too_deeply_keeps_its_words():
    nodes = Reader(lambda address: None).read("> " * 15 + "deep words")
    assert "deep words" in json.dumps(nodes)


# ---- what can't be done ----


def test_a_folder_without_answers_is_refused_with_a_sentence(writeup_folder):
    (writeup_folder.student / "answers.md").unlink()
    writeup_folder.make()
    assert writeup_folder.code == 2
    assert writeup_folder.errors == (
        "answers.md is missing or is not a regular file: name the folder in which answers.md is with --student.\n"
    )


def test_a_folder_that_can_t_be_written_is_refused_with_a_sentence(writeup_folder):
    writeup_folder.out.write_text("a file")
    writeup_folder.make()
    assert writeup_folder.code == 2
    assert "can't be written" in writeup_folder.errors


@pytest.mark.parametrize("package", ["typst", "latex2mathml"])
def test_a_missing_package_is_named(writeup_folder, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    writeup_folder.make()
    assert writeup_folder.code == 2
    assert writeup_folder.errors == (
        f"The package {package} is missing, which the write-up needs: pip install -e .[writeup].\n"
    )


def test_the_command_line_runs(run, tmp_path):
    done = run("-m", "course.writeup", "--student", STUBS, "--results", tmp_path, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert PdfReader(io.BytesIO((tmp_path / "CS2420_PSet2.pdf").read_bytes())).pages
    assert done.stderr == ""
