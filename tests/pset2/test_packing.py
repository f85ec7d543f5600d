"""The zip to hand in: what is in it, what it and the PDF are called, and one sentence for whatever is missing."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from course import records
from course.writeup.packing import MAX_STEM, ascii_name, file_stem
from harness.submission.intake import find
from harness.validation.cases import SOLUTION
from tests.pset2.quick_results import PARTS
from tests.pset2.writeup_folder import BEST, STEM, TEAM, WriteupFolder

# ---- the zip ----


def test_the_zip_holds_the_pdf_the_code_the_answers_and_the_results(full_writeup_folder):
    packed = full_writeup_folder.make().packed
    made = {f"{STEM}.pdf", "student/answers.md"}
    made |= {f"student/{path.name}" for path in SOLUTION.glob("[a-z]*.py")}
    made |= {f"results/{part}/record.json" for part in PARTS}
    made |= {
        f"results/{path.relative_to(full_writeup_folder.results)}"
        for path in full_writeup_folder.results.rglob("*.safetensors")
    }
    assert set(packed) == made
    assert packed[f"{STEM}.pdf"] == full_writeup_folder.pdf.read_bytes()


def test_the_grader_finds_code_and_results_in_the_zip(full_writeup_folder, tmp_path):
    full_writeup_folder.make()
    with zipfile.ZipFile(full_writeup_folder.out / f"{STEM}.zip") as archive:
        archive.extractall(tmp_path / "unpacked")
    found = find(tmp_path / "unpacked")
    assert found.folder == tmp_path / "unpacked" / "student"
    assert found.results is not None
    assert found.results == tmp_path / "unpacked" / "results"
    for part in PARTS:
        record = records.read(found.results / part)
        assert all((found.results / part / run.checkpoint.file).is_file() for run in record.runs if run.checkpoint)


def notebook(path: Path, *counts: int | None) -> Path:
    cells: list[dict[str, object]] = [
        {"cell_type": "code", "source": "1", "outputs": [], "execution_count": count} for count in counts
    ]
    path.write_text(json.dumps({"cells": [{"cell_type": "markdown", "source": "a"}, *cells], "nbformat": 4}))
    return path


def test_notebook_and_logs_go_into_the_zip(writeup_folder, tmp_path):
    writeup_folder.answer("a")
    log = tmp_path / "chat.txt"
    log.write_text("hello")
    (writeup_folder.student / "ai-logs").mkdir()
    (writeup_folder.student / "ai-logs" / "chat.txt").write_text("there")
    made = notebook(tmp_path / "pset.ipynb", 1, 2)
    packed = writeup_folder.make("--notebook", made, "--ai-log", log).packed
    assert packed["pset.ipynb"] == made.read_bytes()
    assert {packed[name] for name in packed if name.startswith("ai-logs/")} == {b"hello", b"there"}
    assert "The zip has no" not in writeup_folder.said


def test_the_only_notebook_beside_the_code_is_taken(writeup_folder):
    writeup_folder.answer("a")
    notebook(writeup_folder.folder / "pset.ipynb", 1)
    assert "pset.ipynb" in writeup_folder.make().packed


def notebook_with(writeup_folder: WriteupFolder, *texts: str) -> None:
    cells = [{"cell_type": "markdown", "metadata": {}, "source": text} for text in texts]
    document = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (writeup_folder.folder / "pset2.ipynb").write_text(json.dumps(document))


def test_answers_in_the_notebook_are_taken_where_answers_md_has_none(writeup_folder):
    notebook_with(
        writeup_folder, f"# Problem set\n\n{TEAM}", "## 1.1 Learning rates\n\nThe task.", f"{BEST}\n\nBy experiment."
    )
    writeup_folder.make()
    assert writeup_folder.pdf.stem == STEM
    assert "By experiment." in writeup_folder.text
    assert "The task." not in writeup_folder.text


def test_answers_md_wins_over_the_notebook(writeup_folder):
    notebook_with(writeup_folder, f"{BEST}\n\nBy experiment.")
    writeup_folder.answer("By thinking.")
    writeup_folder.make()
    assert "By thinking." in writeup_folder.text
    assert "By experiment." not in writeup_folder.text


def test_of_several_notebooks_none_is_taken(writeup_folder):
    writeup_folder.answer("a")
    for name in ("a.ipynb", "b.ipynb"):
        notebook(writeup_folder.student / name, 1)
    assert not any(name.endswith(".ipynb") for name in writeup_folder.make().packed)
    assert (
        "has several notebooks, as a.ipynb and b.ipynb: name the one to hand in with --notebook." in writeup_folder.said
    )


def test_a_notebook_that_was_not_run_is_said(writeup_folder):
    writeup_folder.answer("a")
    writeup_folder.make("--notebook", notebook(writeup_folder.folder / "pset.ipynb", 1, None, None))
    assert "pset.ipynb has 2 of 3 code cells that were not run" in writeup_folder.said


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"cells": 1}', '{"cells": [1]}', "[" * 100_000])
def test_a_notebook_that_is_none_is_said(writeup_folder, text):
    writeup_folder.answer("a")
    (writeup_folder.folder / "pset.ipynb").write_text(text)
    assert "pset.ipynb is not a notebook that can be read" in writeup_folder.make().said


def test_missing_notebook_and_logs_are_said_and_the_zip_is_made(writeup_folder):
    writeup_folder.answer("a")
    writeup_folder.make()
    assert "The zip has no notebook: name it with --notebook" in writeup_folder.said
    assert "The zip has no logs of AI tools" in writeup_folder.said
    assert f"{STEM}.pdf" in writeup_folder.packed


def test_no_logs_are_missed_where_no_tools_were_used(writeup_folder):
    writeup_folder.answer("a")
    path = writeup_folder.folder / "student" / "answers.md"
    text = path.read_text(encoding="utf-8")
    assert "AI tools:" in text
    path.write_text(text.replace(text[text.index("AI tools:") :].split("\n")[0], "AI tools: none"), encoding="utf-8")
    assert "logs of AI tools" not in writeup_folder.make().said


def test_files_that_were_named_and_do_not_exist_are_said(writeup_folder):
    writeup_folder.answer("a")
    writeup_folder.make("--notebook", "no.ipynb", "--ai-log", "no.txt")
    assert "The notebook no.ipynb does not exist" in writeup_folder.said
    assert "The log no.txt does not exist" in writeup_folder.said
    assert writeup_folder.code == 0


def test_a_log_that_is_neither_text_nor_pdf_is_said(writeup_folder, tmp_path):
    writeup_folder.answer("a")
    (tmp_path / "chat.docx").write_bytes(b"PK")
    assert "chat.docx is neither text nor PDF" in writeup_folder.make("--ai-log", tmp_path / "chat.docx").said


def test_a_module_that_is_missing_is_said(writeup_folder):
    writeup_folder.answer("a")
    (writeup_folder.student / "pruning.py").unlink()
    assert "student/pruning.py is not in the zip" in writeup_folder.make().said
    assert "student/training.py" in writeup_folder.packed


# ---- names ----


def test_without_names_there_is_a_pdf_and_no_zip_and_a_sentence(writeup_folder):
    writeup_folder.make()
    assert writeup_folder.code == 0
    assert writeup_folder.pdf.name == "CS2420_PSet2.pdf"
    assert "The names of the team are missing." in writeup_folder.text
    assert not list(writeup_folder.out.glob("*.zip"))
    assert f"No zip was made: write the names into {writeup_folder.student / 'answers.md'}" in writeup_folder.said


@pytest.mark.parametrize(
    ("name", "kept"),
    [("Zoë Müller", "ZoeMuller"), ("Jean-Luc O'Neill Jr.", "JeanLucONeillJr"), ("Łukasz Żółć", "LukaszZolc"),
     ("Weiß Ærø", "WeissAero"), ("../../etc/passwd", "etcpasswd"), ("李明 (Li Ming)", "LiMing"), ("李明", ""),
     ("a" * 99, "a" * 40)],
)  # fmt: skip
def test_a_file_s_name_has_letters_and_digits_only(name, kept):
    assert ascii_name(name) == kept


def test_a_name_without_latin_letters_is_said(writeup_folder):
    writeup_folder.answer("a", team="Team: 李明, Ada Lovelace")
    writeup_folder.make()
    assert "李明 has no Latin letters for the file's name: add them, as in “李明 (Li Ming)”." in writeup_folder.said
    assert writeup_folder.pdf.name == "CS2420_PSet2_AdaLovelace.pdf"


def test_a_large_team_has_a_name_that_every_disk_takes():
    assert len(file_stem(["Somebody Withalongname"] * 40)) <= MAX_STEM
