"""Hand-ins whose files are called, packed or saved otherwise than they should be."""

from __future__ import annotations

import tarfile
import unicodedata
from pathlib import Path

import nbformat
import pytest

from harness.failure import StackLine
from harness.submission.filenames import is_called_archive, module_meant
from harness.submission.intake import SubmissionError
from harness.submission.required_names import FILES
from harness.validation.cases import SOLUTION, STUBS
from tests.damaged_submissions import zip_of
from tests.notebooks import module, notebook

WRITTEN = (SOLUTION / "quantization.py").read_bytes()
STUB = (STUBS / "quantization.py").read_bytes()


def text(submission, file: str = "quantization.py") -> str:
    return (submission.folder / file).read_text(encoding="utf-8-sig")


# ---- stubs never win over work -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "saved",
    [
        b"\xef\xbb\xbf" + STUB,
        STUB.replace(b"\n", b"\r\n"),
        STUB.replace(b"\n", b" \n") + b"\n\n",
        STUB.replace(b"    ", b"\t"),
        STUB.decode().encode("utf-16"),
        b"# -*- coding: latin-1 -*-\n# \xfc\n" + STUB.decode().encode("latin-1", "replace"),
    ],
    ids=["mark", "Windows", "spaces", "tabs", "UTF-16", "Latin-1"],
)
def test_a_stub_does_not_win_over_a_notebook_however_it_was_saved(take, tmp_path, saved):
    (tmp_path / "quantization.py").write_bytes(saved)
    notebook(tmp_path / "one.ipynb", module("quantization"))
    assert "raise NotImplementedError" not in text(take(tmp_path))


def test_a_stub_does_not_win_over_a_file_in_another_folder(take, tmp_path):
    for folder, data in (("student", STUB), ("mine", WRITTEN)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "quantization.py").write_bytes(data)
    submission = take(tmp_path)
    assert text(submission) == WRITTEN.decode()
    assert submission.notes == ("mine/quantization.py was graded: student/quantization.py has only stubs.",)


def test_a_module_that_imports_all_from_another_is_no_stub(take, tmp_path):
    (tmp_path / "quantization.py").write_text("from mine import *\n")
    notebook(tmp_path / "one.ipynb", module("quantization"))
    assert text(take(tmp_path)) == "from mine import *\n"


# ---- spaces and letters of all kinds -------------------------------------------------------------------------

ODD_NAMES = ("PSet2\u00a0(1)", "PSet2\u202f2", "Mu\u0308ller", "M\u00fcller", "\u3000Team", "A\u200dB", "\uf022")


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_notebook_may_be_called_anything(take, tmp_path, name):
    path = notebook(tmp_path / f"{name}.ipynb", module("quantization"))
    assert "def quantize" in text(take(path))
    (tmp_path / "in.zip").write_bytes(zip_of({f"{name}/{name}.ipynb": path.read_bytes()}))
    assert "def quantize" in text(take(tmp_path / "in.zip"))


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_folder_may_be_called_anything(take, tmp_path, name):
    (tmp_path / "in.zip").write_bytes(zip_of({f"{name}/quantization.py": WRITTEN}))
    submission = take(tmp_path / "in.zip")
    assert text(submission) == WRITTEN.decode()
    assert submission.notes == ()
    (tmp_path / "in" / name).mkdir(parents=True)
    (tmp_path / "in" / name / "quantization.py").write_bytes(WRITTEN)
    assert text(take(tmp_path / "in")) == WRITTEN.decode()


def test_a_folder_of_a_system_without_unicode(take, tmp_path):
    with tarfile.open(tmp_path / "in.tar", "w", encoding="latin-1") as archive:
        archive.add(SOLUTION / "quantization.py", "Müller/quantization.py")
    assert text(take(tmp_path / "in.tar")) == WRITTEN.decode()


def test_a_name_with_control_characters_is_mentioned(take, tmp_path):
    (tmp_path / "quantization.py").write_bytes(WRITTEN)
    (tmp_path / "a\x07b.ipynb").write_text("{}")
    assert "a?b.ipynb was left out: its name has control characters, rename it." in take(tmp_path).notes


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_names_with_accents_are_names(take, tmp_path, form):
    path = tmp_path / unicodedata.normalize(form, "CS2420_PSet2_Müller_O'Brien.zip")
    path.write_bytes(zip_of({"quantization.py": WRITTEN}))
    assert take(path).checklist[0].done


# ---- archives ------------------------------------------------------------------------------------------------

OFFICE = zip_of({"word/document.xml": b"<xml/>"})


@pytest.mark.parametrize("name", ["ai-log.docx", "a.pptx", "b.xlsx", "c.odt", "d.jar", "e.npz", "f.pages", "net.pt"])
def test_an_office_file_is_no_archive(take, tmp_path, name):
    (tmp_path / "hand-in.zip").write_bytes(zip_of({"quantization.py": WRITTEN}))
    (tmp_path / name).write_bytes(OFFICE)
    submission = take(tmp_path)
    assert text(submission) == WRITTEN.decode()
    assert submission.notes == ()


def test_what_lies_beside_an_archive_goes_along(take, tmp_path):
    (tmp_path / "hand-in.zip").write_bytes(zip_of({"quantization.py": WRITTEN}))
    (tmp_path / "writeup.pdf").write_bytes(b"%PDF-1.7")
    (tmp_path / "results" / "1.1").mkdir(parents=True)
    (tmp_path / "results" / "1.1" / "record.json").write_text("{}")
    submission = take(tmp_path)
    assert submission.results is not None
    assert {item.what: item.found for item in submission.checklist}["the write-up as PDF"] == "writeup.pdf"


def test_a_log_that_is_no_text_is_named(take, tmp_path):
    (tmp_path / "quantization.py").write_bytes(WRITTEN)
    (tmp_path / "ai-log.docx").write_bytes(OFFICE)
    found = {item.what: item.found for item in take(tmp_path).checklist}
    assert found["logs of AI tools, as text or PDF"] == "ai-log.docx is neither text nor PDF: save it as one of them"


def test_a_notebook_without_code_beside_an_archive_with_it(take, tmp_path):
    notebook(tmp_path / "one.ipynb", "x = 1", "text:Team: Ada Lovelace\n\n## 6.2 How much slower (50)\n\nTwice.")
    (tmp_path / "code.zip").write_bytes(zip_of({"code/quantization.py": WRITTEN}))
    submission = take(tmp_path)
    assert text(submission) == WRITTEN.decode()
    assert "code.zip was opened, since there is no code beside it." in submission.notes
    assert "Twice." in submission.answers


def test_an_archive_beside_code_is_mentioned(take, tmp_path):
    notebook(tmp_path / "one.ipynb", module("quantization"))
    (tmp_path / "results.zip").write_bytes(zip_of({"1.1/record.json": b"{}"}))
    submission = take(tmp_path)
    assert "Not opened, since there is code beside: results.zip." in submission.notes
    assert "def quantize" in text(submission)


def test_stubs_do_not_win_over_an_archive(take, tmp_path):
    (tmp_path / "quantization.py").write_bytes(STUB)
    (tmp_path / "code.zip").write_bytes(zip_of({"code/quantization.py": WRITTEN}))
    assert text(take(tmp_path)) == WRITTEN.decode()


def test_of_several_archives_the_one_with_code_is_opened(take, tmp_path):
    (tmp_path / "code.zip").write_bytes(zip_of({"quantization.py": WRITTEN}))
    (tmp_path / "data.zip").write_bytes(zip_of({"a.txt": b""}))
    submission = take(tmp_path)
    assert text(submission) == WRITTEN.decode()
    assert "Not opened, since the code is in code.zip: data.zip." in submission.notes
    (tmp_path / "more.zip").write_bytes(zip_of({"quantization.py": WRITTEN}))
    with pytest.raises(SubmissionError, match=r"3 archives \(code.zip, data.zip, more.zip\): hand in the one with"):
        take(tmp_path)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.ZIP", True), ("a.zip (1)", True), ("hand-in", True), ("a.tar.gz", True), ("a.zipper", False), ("a.ts", False)],
)
def test_an_archive_is_what_is_called_one(name, expected):
    assert is_called_archive(name) is expected


# ---- modules and notebooks under other names -----------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "quantization (1).py",
        "quantization(2).py",
        "Quantization.py",
        "quantization\u00a0(1).py",
        "quantization.py.txt",
        "quantization.PY",
        "quantization - Copy.py",
        "Copy of quantization.py",
        "quantization_final.py",
        "quantization_v2.py",
        "quantization.py (1)",
        "quantization .py",
        "quantization.py.py",
    ],
)
def test_a_module_that_is_almost_called_so_is_taken(take, tmp_path, name):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_bytes(WRITTEN)
    (tmp_path / "in" / "pruning.py").write_text("x = 1")
    submission = take(tmp_path / "in")
    assert text(submission) == WRITTEN.decode()
    shown = name.replace("\u00a0", " ")
    assert submission.notes == (f"{shown} was graded as quantization.py: rename it to quantization.py.",)
    assert text(take(tmp_path / "in" / name)) == WRITTEN.decode()


@pytest.mark.parametrize("name", ["quantization_tests.py", "my_quantization.py", "quantization.pyc", "1" * 200 + ".py"])
def test_a_module_of_another_name_is_none(name):
    assert module_meant(name) is None


def test_of_two_that_are_almost_called_so_none_is_guessed(take, tmp_path):
    (tmp_path / "pruning.py").write_text("x = 1")
    for name in ("Quantization.py", "quantization (1).py"):
        (tmp_path / name).write_bytes(WRITTEN)
    submission = take(tmp_path)
    assert not (submission.folder / "quantization.py").exists()
    assert submission.notes == (
        "Quantization.py, quantization (1).py could each be quantization.py, so none was graded: rename one to "
        "quantization.py.",
    )


def test_a_second_copy_is_mentioned(take, tmp_path):
    (tmp_path / "quantization.py").write_bytes(WRITTEN)
    (tmp_path / "quantization (1).py").write_bytes(b"x = 1")
    submission = take(tmp_path)
    assert submission.folder == tmp_path
    assert submission.notes == ("Left out: quantization (1).py, since quantization.py was graded.",)


@pytest.mark.parametrize("name", ["PSet2.ipynb.txt", "PSet2.IPYNB", "PSet2.ipynb.json"])
def test_a_notebook_that_is_almost_called_so_is_read(take, tmp_path, name):
    path = notebook(tmp_path / name, module("quantization"))
    for handed in (path, tmp_path):
        submission = take(handed)
        assert "def quantize" in text(submission)
        assert f"{name} was read as a notebook: rename it to PSet2.ipynb." in submission.notes


COLAB = '''# -*- coding: utf-8 -*-
"""CS2420_PSet2.ipynb

Automatically generated by Colab.
"""

# Commented out IPython magic to ensure Python compatibility.
# Code Cell 1.1: set-up
!pip install loralib
# %matplotlib inline
import numpy as np

"""## Part 2"""

# Code Cell 2.1: quantize
def quantize(W, bits=8):
    return np.asarray(W), undefined

losses = train(net)

# Code Cell 2.2: dequantize
def dequantize(codes, args)
    return codes
'''


def test_a_notebook_that_colab_saved_as_a_script_is_read(take, tmp_path):
    (tmp_path / "CS2420_PSet2.py").write_text(COLAB)
    for handed in (tmp_path, tmp_path / "CS2420_PSet2.py"):
        submission = take(handed)
        assert "def quantize" in text(submission)
        assert "losses" not in text(submission)
        assert "CS2420_PSet2.py was graded as quantization.py: hand in those, or the notebook." in submission.notes, (
            submission.notes
        )
        assert "CS2420_PSet2.py doesn't parse (line 22: expected ':'): it was skipped." in submission.notes
    line = text(submission).splitlines().index("    return np.asarray(W), undefined") + 1
    (place,) = submission.located([StackLine("quantization.py", line, "quantize", "")])
    assert (place.file, place.line) == ("CS2420_PSet2.py", 17)


def test_modules_under_names_of_their_own_are_found_by_what_they_define(take, tmp_path):
    (tmp_path / "part2.py").write_bytes(WRITTEN)
    (tmp_path / "part6.py").write_bytes((SOLUTION / "depthwise.py").read_bytes())
    (tmp_path / "part5a.py").write_text("def count_matmuls(n, h):\n    return 1")
    (tmp_path / "part5b.py").write_text("def count_matmuls(n, h):\n    return 2")
    submission = take(tmp_path)
    assert "def quantize" in text(submission)
    assert "class DepthwiseSeparableConvolution" in text(submission, "depthwise.py")
    assert "part2.py was graded as quantization.py: hand in those, or the notebook." in submission.notes
    assert (
        "part5a.py, part5b.py could each be transformer.py, so none was graded: rename one to transformer.py."
        in submission.notes
    )


def test_a_notebook_goes_before_a_script(take, tmp_path: Path):
    nbformat.write(
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(module("quantization"))]), tmp_path / "a.ipynb"
    )
    (tmp_path / "a.py").write_text("def quantize(W):\n    return 7")
    submission = take(tmp_path)
    assert "return 7" not in text(submission)
    assert set(submission.origins) == set(FILES)


def test_results_and_answers_that_are_almost_called_so_are_taken(take, tmp_path):
    (tmp_path / "Results (1)" / "1.1").mkdir(parents=True)
    (tmp_path / "Results (1)" / "1.1" / "record.json").write_text("{}")
    (tmp_path / "Answers (1).md").write_text("Team: Ada Lovelace")
    (tmp_path / "quantization.py").write_bytes(WRITTEN)
    submission = take(tmp_path)
    assert submission.results == (tmp_path / "Results (1)").resolve()
    assert submission.answers == "Team: Ada Lovelace"
    assert submission.notes == (
        "Results (1) was graded as results: rename it to results.",
        "Answers (1).md was read as answers.md: rename it to answers.md.",
    )
    (tmp_path / "results 2").mkdir()
    (tmp_path / "results 2" / "record.json").write_text("{}")
    submission = take(tmp_path)
    assert submission.results is None
    assert any(
        note.endswith("could each be results, so none was graded: rename one to results.") for note in submission.notes
    )


# ---- what code is not copied for the workers -----------------------------------------------------------------


def test_code_that_is_left_out_is_named(take, tmp_path):
    (tmp_path / "quantization.py").write_bytes(WRITTEN)
    for file in ("depthwise/__init__.py", "mine/helpers.py", "mine/__pycache__/helpers.cpython-311.pyc"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("")
    for file in ("pruning.pyc", "mine/fast.so"):
        (tmp_path / file).write_bytes(b"\0")
    (tmp_path / "mine" / "large.py").write_bytes(b"#" * ((4 << 20) + 1))
    assert take(tmp_path).notes == (
        "The folder depthwise was left out: depthwise.py has to be a file.",
        "pruning.pyc was left out: it is compiled, hand in its source.",
        "mine/fast.so was left out: it is compiled, hand in its source.",
        "mine/large.py was left out: it has more than 4 MB.",
    )


def test_links_and_too_many_files_beside_the_code_are_named(take, tmp_path):
    (tmp_path / "quantization.py").write_bytes(WRITTEN)
    (tmp_path / "more").mkdir()
    for number in range(501):
        (tmp_path / "more" / f"{number}.txt").touch()
    (tmp_path / "helpers.py").symlink_to(tmp_path / "quantization.py")
    assert take(tmp_path).notes == (
        "helpers.py is a link, which isn't followed: hand in the file itself.",
        "Only 500 files and folders were copied: hand in code alone.",
    )


def test_ordinary_files_have_no_notes(take, tmp_path):
    (tmp_path / "quantization.py").write_bytes(WRITTEN)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "quantization.cpython-311.pyc").touch()
    (tmp_path / "results" / "1.1").mkdir(parents=True)
    assert take(tmp_path).notes == ()
