"""What students hand in: folders, modules, archives and notebooks."""

from __future__ import annotations

import os
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from course.answers import QUESTIONS
from grader.gradebook import Gradebook, State
from grader.grading import grade
from grader.submission.contract import FILES, MODULES, NAMES, PROVIDED
from grader.submission.gather import gather
from grader.submission.intake import Submission, SubmissionError, open_submission
from grader.validation.cases import SOLUTION, STUBS, of_code
from tests.mutilated import solution_notebook, zip_of

Take = Callable[[Path], Submission]


@pytest.fixture
def take(tmp_path: Path) -> Take:
    """Take something in, in this process."""

    def take_in(path: Path) -> Submission:
        scratch = tmp_path / "scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        return gather(path, scratch, path.name)

    return take_in


def notebook(path: Path, *cells: str) -> Path:
    """A notebook with these code cells; what begins with "text:" is text."""
    made = [
        nbformat.v4.new_markdown_cell(cell.removeprefix("text:"))
        if cell.startswith("text:")
        else nbformat.v4.new_code_cell(cell)
        for cell in cells
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=made), path)
    return path


def module(name: str) -> str:
    """A module of the solution as the text of a cell."""
    return (SOLUTION / f"{name}.py").read_text(encoding="utf-8").replace("from __future__ import annotations\n", "")


def states(gradebook: Gradebook, part: str) -> dict[str, State]:
    numbers = of_code(part)
    return {test.number: outcome.state for test, outcome in gradebook.results if test.number in numbers}


# ---- where things lie ----------------------------------------------------------------------------------------


def test_the_names_are_those_of_the_stubs(take):
    for name, names in NAMES.items():
        text = (STUBS / f"{name}.py").read_text(encoding="utf-8")
        found = [line.split("(")[0].split(":")[0].split()[-1] for line in text.splitlines() if line[:1].isalpha()]
        assert set(names) <= set(found)
    assert {f"{name}.py" for name in NAMES} == set(FILES)


def test_what_the_course_provides_is_there():
    import importlib

    for name, place in PROVIDED.items():
        assert hasattr(importlib.import_module(f"course.{place}"), name)


def test_a_folder_is_graded_where_it_lies(take):
    submission = take(SOLUTION)
    assert submission.folder == SOLUTION
    assert submission.origins == {}
    assert take(STUBS.parent).folder == STUBS


@pytest.mark.parametrize("pack", ["zip", "tar.gz"])
def test_modules_and_results_deep_in_an_archive(take, tmp_path, pack):
    inside = tmp_path / "x" / "CS2420 PSet 2" / "student"
    shutil.copytree(SOLUTION, inside)
    (inside.parent / "results" / "1.1").mkdir(parents=True)
    (inside.parent / "results" / "1.1" / "record.json").write_text("{}")
    (tmp_path / "x" / "__MACOSX").mkdir()
    (tmp_path / "x" / "__MACOSX" / "quantization.py").write_text("rubbish")
    path = shutil.make_archive(str(tmp_path / "hand-in"), {"zip": "zip", "tar.gz": "gztar"}[pack], tmp_path / "x")
    submission = take(Path(path))
    assert (submission.folder / "transformer.py").read_text() == (SOLUTION / "transformer.py").read_text()
    assert submission.folder.name == "student"
    assert submission.results is not None
    assert (submission.results / "1.1" / "record.json").is_file()
    assert submission.notes == ()


def test_a_single_module_is_a_submission(take):
    assert [path.name for path in take(SOLUTION / "depthwise.py").folder.iterdir()] == ["depthwise.py"]


def test_an_archive_in_a_folder_is_unpacked(take, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "hand-in.zip").write_bytes(zip_of({"depthwise.py": b"x = 1"}))
    assert (take(tmp_path / "in").folder / "depthwise.py").read_text() == "x = 1"


def test_modules_in_several_folders_are_put_together(take, tmp_path):
    for name in ("a/quantization.py", "a/pruning.py", "b/quantization.py", "b/depthwise.py"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_text(f"where = {name!r}")
    submission = take(tmp_path / "in")
    assert {path.name: path.read_text() for path in submission.folder.iterdir()} == {
        "quantization.py": "where = 'a/quantization.py'",
        "pruning.py": "where = 'a/pruning.py'",
        "depthwise.py": "where = 'b/depthwise.py'",
    }
    assert submission.notes == ("Not in one folder with the others, and graded as well: b/depthwise.py.",)


def test_the_whole_repository_handed_in_is_its_student_folder(take, tmp_path):
    shutil.copytree(STUBS, tmp_path / "in" / "student")
    (tmp_path / "in" / "student" / "pruning.py").unlink()
    shutil.copytree(SOLUTION, tmp_path / "in" / "grader" / "solution")
    (tmp_path / "in" / "grader" / "__init__.py").write_text("")
    assert not (take(tmp_path / "in").folder / "pruning.py").exists()


def test_a_notebook_fills_in_for_stubs_and_not_for_files(take, tmp_path):
    shutil.copytree(STUBS, tmp_path / "in" / "student")
    shutil.copy(SOLUTION / "quantization.py", tmp_path / "in" / "student")
    (tmp_path / "in" / "student" / "own.py").write_text("x = 1")
    path = notebook(tmp_path / "in" / "PSet2.ipynb", module("depthwise"), "def quantize(W):\n    return W")
    submission = take(tmp_path / "in")
    assert list(submission.origins) == ["depthwise.py"]
    assert (submission.folder / "quantization.py").read_text() == module_file("quantization")
    assert (submission.folder / "own.py").is_file()
    assert "In the notebook and as files: quantization.py. The files were graded." in submission.notes
    assert path.is_file()


def test_what_is_the_same_in_the_notebook_and_as_files_is_not_mentioned(take, tmp_path):
    shutil.copytree(SOLUTION, tmp_path / "student")
    nbformat.write(solution_notebook(), tmp_path / "PSet2.ipynb")
    assert take(tmp_path).notes == ()


def test_answers_of_the_notebook_take_the_place_of_untouched_ones(take, tmp_path):
    shutil.copytree(STUBS, tmp_path / "student")
    question = QUESTIONS[-1]
    notebook(tmp_path / "one.ipynb", "text:Team: Ada Lovelace", f"text:## {question.part} {question.title}\n\nTwice.")
    assert "Twice." in take(tmp_path).answers
    (tmp_path / "student" / "answers.md").write_text(f"## {question.part} {question.title}\n\nThree times.")
    assert "Three times." in take(tmp_path).answers


def module_file(name: str) -> str:
    return (SOLUTION / f"{name}.py").read_text()


def test_of_several_notebooks_the_one_with_most_in_it_is_graded(take, tmp_path):
    notebook(tmp_path / "old.ipynb", "x = 1")
    notebook(tmp_path / "new.ipynb", module("depthwise"))
    submission = take(tmp_path)
    assert "There are 2 notebooks, of which new.ipynb was graded: hand in one." in submission.notes
    assert "class DepthwiseSeparableConvolution" in (submission.folder / "depthwise.py").read_text()


# ---- archives that are not as they should be -----------------------------------------------------------------


def test_nothing_is_written_outside(take, tmp_path):
    names = ("../out.py", "/tmp/pset2-out.py", "a/../../out.py", "..\\out.py", "C:\\out.py", "quantization.py")
    (tmp_path / "in.zip").write_bytes(zip_of(dict.fromkeys(names, b"x = 1")))
    submission = take(tmp_path / "in.zip")
    assert [path.name for path in submission.folder.iterdir()] == ["quantization.py"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.zip", "scratch"]
    assert "../out.py was left out: its name leads elsewhere, or can't be a file's." in submission.notes
    assert not Path("/tmp/pset2-out.py").exists()


def test_links_and_devices_are_left_out(take, tmp_path):
    with tarfile.open(tmp_path / "in.tar.gz", "w:gz") as archive:
        archive.add(SOLUTION / "depthwise.py", "depthwise.py")
        for name, kind in (("pruning.py", tarfile.SYMTYPE), ("a", tarfile.LNKTYPE), ("b", tarfile.CHRTYPE)):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
    submission = take(tmp_path / "in.tar.gz")
    assert [path.name for path in submission.folder.iterdir()] == ["depthwise.py"]
    assert "pruning.py was left out: it is a link, no plain file." in submission.notes
    assert "b was left out: it is a device or pipe, no plain file." in submission.notes


def test_a_damaged_file_costs_itself_alone(take, tmp_path):
    data = bytearray(zip_of({file: module_file(file[:-3]).encode() for file in FILES}))
    at = data.find(b"pruning.py") + 200
    data[at : at + 50] = bytes(50)
    (tmp_path / "in.zip").write_bytes(data)
    submission = take(tmp_path / "in.zip")
    assert {path.name for path in submission.folder.iterdir()} == set(FILES) - {"pruning.py"}
    assert any(note.startswith("pruning.py is damaged in the archive") for note in submission.notes)


def test_an_upload_that_broke_off_is_graded_as_far_as_it_came(take, tmp_path):
    with tarfile.open(tmp_path / "whole.tar", "w") as archive:
        for file in FILES:
            archive.add(SOLUTION / file, file)
    data = (tmp_path / "whole.tar").read_bytes()
    (tmp_path / "in.tar").write_bytes(data[: len(data) // 2])
    submission = take(tmp_path / "in.tar")
    assert (submission.folder / FILES[0]).read_text() == module_file(FILES[0][:-3])
    assert any("is damaged" in note for note in submission.notes)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (zip_of({"quantization.py": bytes(60_000_000)}), "would fill the disk once unpacked"),
        (zip_of({f"{number}.py": b"" for number in range(6000)}), "has more than 5,000 entries"),
        (zip_of({"a.txt": b""}), "holds neither a notebook nor one of the six modules"),
        (zip_of({}), "is empty: name a folder with"),
        (zip_of({"a.ipynb": b"{"}), "is no notebook: it isn't valid JSON; save it again from Jupyter or Colab"),
        (b"PK", "is damaged, or no archive at all: pack it again"),
    ],
    ids=["bomb", "crowd", "nothing", "empty", "no notebook", "no archive"],
)
def test_what_cannot_be_graded_is_refused_in_a_sentence(take, tmp_path, data, sentence):
    (tmp_path / "in.zip").write_bytes(data)
    with pytest.raises(SubmissionError) as raised:
        take(tmp_path / "in.zip")
    assert sentence in str(raised.value)
    assert str(raised.value).startswith("in.zip ")
    assert "\n" not in str(raised.value)


def test_a_zip_with_a_password_is_refused(take, tmp_path):
    data = bytearray(zip_of({"quantization.py": b"x = 1"}))
    data[data.find(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "in.zip").write_bytes(data)
    with pytest.raises(SubmissionError, match="is protected by a password: pack it without one"):
        take(tmp_path / "in.zip")


@pytest.mark.parametrize("name", ["in.rar", "in.7z", "in.txt", "in.py"])
def test_other_files_are_refused(take, tmp_path, name):
    (tmp_path / name).write_bytes(b"Rar!")
    with pytest.raises(SubmissionError, match=r"pack it as a \.zip|name a folder with training\.py"):
        take(tmp_path / name)


def test_what_takes_too_much_memory_is_refused(tmp_path):
    """The process that reads it has limits; a sentence is all that is left of it."""
    (tmp_path / "in.ipynb").write_bytes(b'{"nbformat": 4, "cells": [' + b"[[]]," * 9_000_000 + b"[]]}")
    with pytest.raises(SubmissionError), open_submission(tmp_path / "in.ipynb"):
        pass


# ---- notebooks -----------------------------------------------------------------------------------------------


def test_a_notebook_earns_what_its_modules_earn(launcher, tmp_path):
    nbformat.write(solution_notebook(), tmp_path / "CS2420_PSet2.ipynb")
    expected = grade(SOLUTION, seed=5, launcher=launcher)
    with open_submission(tmp_path / "CS2420_PSet2.ipynb") as submission:
        found = grade(submission, seed=5, launcher=launcher)
    assert [(test.number, outcome.state, outcome.score) for test, outcome in found.results] == [
        (test.number, outcome.state, outcome.score) for test, outcome in expected.results
    ]


BLANK = (
    "# Code Cell 1.1\n!pip install torch\nfrom torch import nn",
    "# Code Cell 1.5\nLEARNING_RATES = ...\nlr =",
    "# Code Cell 2.1\ndef quantize(W):\n    # your code\n    pass\n\ndef dequantize(W, extra_args):\n    '''Yours.'''",
    "# Code Cell 3.1\nclass SparseConvNet(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    "    def forward(self, x):\n        pass",
    "# Code Cell 3.3\ndef filter_l1_pruning(net, prune_percent):\n    ...",
    "# Code Cell 5.1\ndef positional_encoding(length, depth):\n    raise NotImplementedError",
    "# Code Cell 6.1\nclass DepthwiseSeparableConvolution(nn.Module):\n    pass",
)


def test_a_blank_notebook_is_not_implemented_and_earns_nothing(launcher, tmp_path):
    with open_submission(notebook(tmp_path / "blank.ipynb", *BLANK)) as submission:
        gradebook = grade(submission, launcher=launcher)
    assert gradebook.score == 0
    assert {outcome.state for _, outcome in gradebook.results} == {State.NOT_IMPLEMENTED}
    assert not gradebook.faults
    assert gradebook.notes[0] == "Code Cell 1.5 doesn't parse (line 3: invalid syntax): it was skipped."


def test_a_part_that_does_not_parse_costs_itself_alone(launcher, tmp_path):
    cells = [
        "# Code Cell 2.1\n" + module("quantization"),
        "# Code Cell 6.1\nimport torch\n" + module("depthwise") + "\nlr =",
        "# Code Cell 6.2\nfrom torch import nn\n\ndef dw_conv_block(a, b, kernel_size=3):\n    return nn.Identity()",
    ]
    with open_submission(notebook(tmp_path / "one.ipynb", *cells)) as submission:
        gradebook = grade(submission, parts=("2.1", "6.1"), launcher=launcher)
    assert set(states(gradebook, "2").values()) >= {State.PASSED}
    assert gradebook.score == sum(part.maximum for part in gradebook.parts if part.part.number == "2.1")
    outcome = next(outcome for test, outcome in gradebook.results if test.number == "6.1a")
    line = ("# Code Cell 6.1\nimport torch\n" + module("depthwise")).count("\n") + 2
    assert outcome.state is State.FAILED
    assert f"SyntaxError: invalid syntax\n  Code Cell 6.1, line {line}\n    lr =" in outcome.message


def test_an_error_is_shown_at_its_line_of_the_cell(launcher, tmp_path):
    cell = "# Code Cell 2.1: quantize\nimport numpy\n\ndef quantize(W):\n    W = W - W.min()\n    return W / undefined"
    with open_submission(notebook(tmp_path / "one.ipynb", "x = 1", cell)) as submission:
        gradebook = grade(submission, parts=("2.1a",), launcher=launcher)
    message = next(outcome.message for test, outcome in gradebook.results if test.number == "2.1a")
    assert "Code Cell 2.1, line 6, in quantize\n    return W / undefined" in message


def test_a_line_number_beyond_all_files_is_left_alone(take, tmp_path):
    text = "quantization.py, line " + "1" * 5000
    assert take(notebook(tmp_path / "one.ipynb", "def quantize(W):\n    return W")).located(text) == text


def test_an_endless_loop_is_shown_at_its_line_of_the_cell(launcher, tmp_path):
    cell = "def quantize(W):\n    while True:\n        pass"
    with open_submission(notebook(tmp_path / "one.ipynb", "x = 1", cell)) as submission:
        gradebook = grade(submission, parts=("2.1a",), launcher=launcher)
    message = next(outcome.message for test, outcome in gradebook.results if test.number == "2.1a")
    assert "When it was stopped it was at code cell no. 2, line" in message


OLD_STYLE = (
    "text:### Code Cell 1.3\nThe network",
    "class ConvNet:\n    pass\nnet = ConvNet()",
    "# Code Cell 2.1\nimport numpy as np\ndef quantize(W):\n    lowest = W.min()\n"
    "    scale = 255 / max(W.max() - lowest, 1e-30)\n"
    "    return np.round((W - lowest) * scale).astype(np.uint8), (scale, lowest)\n"
    "def dequantize(W, extra_args):\n    scale, lowest = extra_args\n"
    "    return (W / scale + lowest).astype(np.float32)",
    "# Code Cell 3.1\nimport torch\nfrom torch import nn\nclass SparseConv2d(nn.Module):\n    '''structured'''\n"
    "def sparse_conv_block(*a, **k):\n    return SparseConv2d()\n"
    "class SparseConvNet(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
    "        table = [(3, 32, 1), (32, 32, 1), (32, 64, 2), (64, 64, 1), (64, 64, 1), (64, 128, 2), (128, 128, 1),\n"
    "                 (128, 256, 1), (256, 256, 1)]\n"
    "        blocks = [sparse_conv_block(c_in, c_out, stride=stride) for c_in, c_out, stride in table]\n"
    "        self.model = nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1))\n"
    "        self.classifier = nn.Linear(256, 10)\n"
    "    def forward(self, x):\n        return self.classifier(self.model(x).flatten(1))\n",
    "# Code Cell 3.4\nclass SparseConv2d(nn.Module):\n    '''unstructured'''\n"
    "def unnstructured_pruning(net, prune_percent):\n    for layer in get_sparse_conv2d_layers(net):\n"
    "        alive = layer._mask > 0\n        count = round(alive.numel() * prune_percent)\n"
    "        scores = layer._weight.detach().abs().masked_fill(~alive, float('inf')).flatten()\n"
    "        layer._mask.view(-1)[scores.argsort()[:count]] = 0\n",
    "# Code Cell 3.5\nnet = SparseConvNet()\nresults = {}\nfor lr in (0.1, 1.0):\n    results[lr] = train(net, lr)\n"
    "BEST_LEARNING_RATE = max(results, key=results.get)\nLEARNING_RATES = []\nfor power in (4, 1, 0):\n"
    "    LEARNING_RATES.append(10.0 ** -power)",
)


def test_the_handouts_own_notebook_is_understood(launcher, tmp_path):
    """quantize without bits, two classes SparseConv2d, a network that isn't told its layers, a misspelt function."""
    with open_submission(notebook(tmp_path / "old.ipynb", *OLD_STYLE)) as submission:
        gradebook = grade(submission, parts=("1.1", "2.1", "3.1", "3.4"), launcher=launcher)
    by_part = {part.part.number: part for part in gradebook.parts}
    messages = {test.number: outcome.message for test, outcome in gradebook.results if outcome.state is State.FAILED}
    assert by_part["3.1"].score == by_part["3.1"].maximum, messages
    of_3_4 = {states(gradebook, "3")[number] for number in of_code("3") if number.startswith("3.4")}
    assert of_3_4 == {State.PASSED, State.NOT_IMPLEMENTED}  # the schedule isn't in it
    lost = {number for number in messages if number.startswith("2")}
    assert lost == {"2.1g", "2.1h"} or all("bits" in messages[number] for number in lost), messages
    assert "Taken from course/, not from the notebook: ConvNet, SparseConv2d, sparse_conv_block." in submission.notes
    assert any(note.startswith("BEST_LEARNING_RATE is made in Code Cell 3.5 by code that") for note in submission.notes)
    assert "LEARNING_RATES are" not in messages.get("1.1a", "")


def modules(take: Take, path: Path) -> dict[str, str]:
    folder = take(path).folder
    return {name: (folder / f"{name}.py").read_text() for name in MODULES.values()}


def test_only_what_is_needed_is_taken(take, tmp_path):
    cells = (
        "import os, sys\nimport numpy as np\nimport wandb",
        "SCALE = 255\nOTHER = download_url('x')\nprint('hello')\nplt.show()",
        "def helper(W):\n    return W * SCALE\n\ndef unused():\n    pass",
        "def quantize(W, bits=8):\n    return helper(np.asarray(W)), None",
    )
    text = modules(take, notebook(tmp_path / "one.ipynb", *cells))["quantization"]
    for wanted in ("import numpy as np", "SCALE = 255", "def helper", "def quantize"):
        assert wanted in text
    for unwanted in ("wandb", "download", "hello", "plt", "unused", "os, sys"):
        assert unwanted not in text


def test_the_last_definition_wins_but_not_a_later_parts_nor_a_stub(take, tmp_path):
    cells = (
        "# Code Cell 2.1\ndef quantize(W):\n    return first(W)\ndef first(W):\n    return 1",
        "# Code Cell 2.2\ndef quantize(W):\n    return second(W)\ndef second(W):\n    return 2",
        "# Code Cell 5.1\ndef second(W):\n    return 3",
        "def quantize(W):\n    pass",
    )
    space: dict[str, object] = {}
    exec(modules(take, notebook(tmp_path / "one.ipynb", *cells))["quantization"], space)
    quantize = space["quantize"]
    assert callable(quantize)
    assert quantize(0) == 2


def test_a_mended_definition_at_the_end_wins(take, tmp_path):
    cells = (
        "# Code Cell 2.1\ndef quantize(W):\n    return 1",
        "# Code Cell 6.2\nx = 1",
        "def quantize(W):\n    return 2",
    )
    text = modules(take, notebook(tmp_path / "one.ipynb", *cells))["quantization"]
    assert text.rindex("return 2") > text.rindex("return 1")


def test_a_module_does_not_change_with_cells_that_it_does_not_need(take, tmp_path):
    """Results are known by the text of the code that made them."""
    cells = ("import torch", "# Code Cell 6.1\n" + module("depthwise"))
    before = modules(take, notebook(tmp_path / "one.ipynb", *cells))["depthwise"]
    after = modules(take, notebook(tmp_path / "two.ipynb", "x = 1", *cells, "print(1)", "import os"))["depthwise"]
    assert before == after


def test_what_a_function_lacks_is_explained(launcher, tmp_path):
    cells = ("# Code Cell 1.2\nloader = DataLoader(data)", "# Code Cell 2.1\ndef quantize(W):\n    return len(loader)")
    with open_submission(notebook(tmp_path / "one.ipynb", *cells)) as submission:
        gradebook = grade(submission, parts=("2.1a",), launcher=launcher)
    message = next(outcome.message for test, outcome in gradebook.results if test.number == "2.1a")
    assert "loader is made in Code Cell 1.2 by code that trains, downloads, plots or reads files" in message


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("x = 1\ndef dequantize(W, W):\n    return W", "line 2: duplicate argument 'W' in function definition"),
        ("x = 1\n\nreturn x", "line 3: 'return' outside function"),
        ("x = " + " + ".join(["1"] * 900), "line 1: it is nested too deeply"),
        ("x = a" + ".b" * 900, "line 1: it is nested too deeply"),
    ],
)
def test_what_only_the_compiler_refuses_costs_its_cell_alone(take, tmp_path, cell, problem):
    path = notebook(tmp_path / "one.ipynb", cell, "def quantize(W):\n    return 1")
    assert "def quantize" in modules(take, path)["quantization"]
    assert take(path).notes == (f"code cell no. 1 doesn't parse ({problem}): it was skipped.",)


def test_a_cell_of_nothing_but_magics_takes_no_time(take, tmp_path):
    path = notebook(tmp_path / "one.ipynb", "%x 1\n" * 15_000 + "def quantize(W):\n    return 1")
    assert "return 1" in modules(take, path)["quantization"]


QUANTIZE = "def quantize(W, bits=8):\n    return "


@pytest.mark.parametrize(
    ("cell", "expression"),
    [
        ("from numpy import *", "int(max(array([1, 7])))"),
        ("from dataclasses import dataclass\n@dataclass\nclass Args:\n    scale: int", "Args(7).scale"),
        ("class Settings:\n    pass\nsettings = Settings()\nsettings.scale = 7", "settings.scale"),
        ("cache = None\ndef cached():\n    global cache\n    cache = cache or 7\n    return cache", "cached()"),
        (
            "calls = 6\ndef count():\n    global calls\n    calls += 1\ndef counted():\n    count()\n    return calls",
            "counted()",
        ),
        (
            "from abc import ABC, abstractmethod\nclass Base(ABC):\n    @abstractmethod\n    def value(self):\n"
            "        pass\nclass Seven(Base):\n    def value(self):\n        return 7",
            "Seven().value()",
        ),
        ("import numpy as np\nnp.random.seed(0)\nLEVELS = np.int64(7)", "int(LEVELS)"),
        ("import torch\nfor x in data:\n    step()\n    torch.save(x, 'x')\nLEVELS = torch.tensor(7)", "int(LEVELS)"),
        ("rates = [1]\nrates.append(7)\nrates.sort()\nBEST = rates[-1]", "BEST"),
        (
            "settings = {'a': 7}\nsettings.update(b=1)\nsettings['best'] = train(settings)",
            "settings['a'] * settings['b']",
        ),
        ("class A:\n    pass\ndef seven(self):\n    return 7\nsetattr(A, 'value', seven)", "A().value()"),
        ("with open('x') as file:\n    x = file\nimport threading\nwith threading.Lock():\n    SEVEN = 7", "SEVEN"),
        (
            "try:\n    import no_such_module as seven\nexcept ImportError:\n    os.system(\n        'pip install it')\n"
            "    import math as seven",
            "int(seven.sqrt(49))",
        ),
        ("SEVEN = 7\nfirst = undefined(SEVEN)", "SEVEN"),
        ("class Trainer:\n    def run(self):\n        self.backward()\nseven = 7\nbest = Trainer().run()", "seven"),
        ("# copied\u2028from a page\nSEVEN = len('\x0c12345\x85')", "SEVEN"),
    ],
)
def test_what_a_function_uses_is_there(take, tmp_path, cell, expression):
    space: dict[str, object] = {}
    exec(modules(take, notebook(tmp_path / "one.ipynb", cell, QUANTIZE + expression))["quantization"], space)
    quantize = space["quantize"]
    assert callable(quantize)
    assert quantize(0) == 7


def test_seeds_and_settings_of_libraries_are_left_out(take, tmp_path):
    cells = ("import torch\ntorch.manual_seed(43)", QUANTIZE + "torch.tensor(W)")
    assert "manual_seed" not in modules(take, notebook(tmp_path / "one.ipynb", *cells))["quantization"]


def test_a_class_that_hands_all_on_to_its_base_is_written(take, tmp_path):
    base = "class Base(nn.Module):\n    def __init__(self, causal, **sizes):\n        super().__init__()\n"
    passes = "class {}(Base):\n    def __init__(self, **sizes):\n        super().__init__({}, **sizes)\n"
    cells = (
        f"from torch import nn\n{base}    def forward(self, x):\n        return x",
        passes.format("CausalSelfAttention", True),
        passes.format("CrossAttention", False) + "    def forward(self, x, context):\n        pass",
    )
    text = modules(take, notebook(tmp_path / "one.ipynb", *cells))["transformer"]
    assert "class CausalSelfAttention(Base)" in text
    assert "Part 5.1: CrossAttention" in text


def test_a_value_that_needs_what_is_not_there_is_explained(take, tmp_path):
    path = notebook(tmp_path / "one.ipynb", "BEST_LEARNING_RATE = best_of(3)", "def make_scheduler(*a):\n    return a")
    submission = take(path)
    assert submission.notes == (
        "BEST_LEARNING_RATE is made in code cell no. 1 by code that needs best_of, which the notebook doesn't define: "
        "write its value down.",
    )


def test_a_helper_that_is_defined_twice_is_mentioned(take, tmp_path):
    cells = ["# Code Cell 3.3\ndef lowest(x):\n    return x", "def filter_l1_pruning(n, p):\n    return lowest(n)"]
    cells += ["# Code Cell 3.4\ndef lowest(x):\n    return -x\ndef unstructured_pruning(n, p):\n    return lowest(n)"]
    note = (
        "lowest is defined in Code Cell 3.3 and otherwise in Code Cell 3.4: everything was graded with the last one. "
        "Give one of them another name."
    )
    assert take(notebook(tmp_path / "one.ipynb", *cells)).notes == (note,)
    assert take(notebook(tmp_path / "two.ipynb", cells[0], cells[0].replace("3.3", "3.4"), cells[1])).notes == ()


@pytest.mark.parametrize("place", [".", ".nowhere", "..", "nowhere"])
def test_a_star_import_of_what_is_not_there_is_no_fault(take, tmp_path, place):
    source = f"from {place} import *\ndef quantize(W):\n    return len(W)"
    assert "def quantize" in modules(take, notebook(tmp_path / "one.ipynb", source))["quantization"]


@pytest.mark.parametrize(
    "source",
    [
        "%%time\nimport numpy\ndef quantize(W):\n    return numpy",
        "!pip install numpy \\\n   torch\nimport numpy\ndef quantize(W):\n    return numpy",
        "%matplotlib inline\nimport numpy\nfiles = !ls\nnumpy?\ndef quantize(W):\n    return numpy",
        "try:\n    import numpy\nexcept ImportError:\n    !pip install numpy\ndef quantize(W):\n    return numpy",
        "if True:\n    %cd /content\nimport numpy\nTEXT = '''\n%d\n'''\ndef quantize(W):\n    return numpy",
        "import numpy; print(1)\ndef quantize(W): return numpy",
    ],
)
def test_lines_for_ipython_are_left_out(take, tmp_path, source):
    text = modules(take, notebook(tmp_path / "one.ipynb", source))["quantization"]
    space: dict[str, object] = {}
    exec(text, space)
    assert "numpy" in space
    assert "print" not in text
    assert callable(space["quantize"])


# ---- the command line ----------------------------------------------------------------------------------------


def test_a_notebook_is_unpacked_into_modules(run, tmp_path):
    path = notebook(tmp_path / "one.ipynb", module("depthwise"), "text:## 6.2 How much slower (50)\n\nTwice.")
    for _ in range(2):  # its own folder is renewed
        done = run("-m", "grader", "unpack", path, "--out", tmp_path / "out")
        assert done.returncode == 0, done.stderr
    assert {*FILES, "answers.md"} <= {file.name for file in (tmp_path / "out").iterdir()}
    assert "Twice." in (tmp_path / "out" / "answers.md").read_text()
    refused = run("-m", "grader", "unpack", path, "--out", tmp_path)
    assert refused.returncode == 2
    assert "holds something else: name a new folder" in refused.stderr


def test_only_plain_files_of_results_are_unpacked(run, tmp_path):
    handed = tmp_path / "handed"
    (handed / "results" / "1.1").mkdir(parents=True)
    shutil.copy(SOLUTION / "training.py", handed)
    (handed / "results" / "1.1" / "record.json").write_text("{}")
    (handed / "results" / "1.1" / "link").symlink_to("/etc/passwd")
    os.mkfifo(handed / "results" / "pipe")
    done = run("-m", "grader", "unpack", handed, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    found = [path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out" / "results").rglob("*")]
    assert sorted(found) == ["results/1.1", "results/1.1/record.json"]


def test_a_folder_that_cannot_be_made_is_refused_in_a_sentence(run, tmp_path):
    done = run("-m", "grader", "unpack", SOLUTION, "--out", tmp_path / "no" / "out")
    assert done.returncode == 2
    assert "is no folder that you can write to" in done.stderr
    assert "Traceback" not in done.stderr


def test_pytest_takes_a_notebook(run, tmp_path):
    path = notebook(tmp_path / "one.ipynb", module("depthwise"))
    done = run("-m", "pytest", f"--submission={path}", "-n", "2", "-k", "replaced_weights or test_parameters")
    assert "CS 2420 PSet 2: one.ipynb" in done.stdout


# ---- the checklist -------------------------------------------------------------------------------------------


def checks(submission: Submission) -> dict[str, bool | None]:
    return {item.what: item.done for item in submission.checklist}


def test_a_complete_hand_in(take, tmp_path):
    book = solution_notebook()
    for count, cell in enumerate(cell for cell in book.cells if cell.cell_type == "code"):
        cell.execution_count = count + 1
    for question in QUESTIONS:
        heading = f"## {question.part} {question.title}" + (f" ({question.limit})" if question.limit else "")
        book.cells.append(nbformat.v4.new_markdown_cell(f"{heading}\n\nThat it is so, since it was measured."))
    files = {
        "work/CS2420_PSet2.ipynb": nbformat.writes(book).encode(),
        "writeup.pdf": b"%PDF-1.7",
        "chatgpt-log.txt": b"none",
    }
    path = tmp_path / "CS2420_PSet2_Lovelace_Turing.zip"
    path.write_bytes(zip_of(files))
    found = checks(take(path))
    assert found == dict.fromkeys(found, True)


def test_what_a_hand_in_lacks_is_said(take, tmp_path):
    path = tmp_path / "mine.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("quantization.py", "x = 1")
        archive.writestr("writeup.pdf", "Word")
    found = {item.what: item.found for item in take(path).checklist}
    assert "should be called CS2420_PSet2_<Name1>_<Name2>.zip" in found["the zip's name, with the team's"]
    assert found["exactly one notebook"] == "there is none: add it"
    assert found["the write-up as PDF"] == "writeup.pdf is no PDF that opens: make it again"
    assert found["logs of AI tools, as text or PDF"].startswith("there are none: add them as ai-log.txt")


def test_answers_are_counted(take, tmp_path):
    (tmp_path / "quantization.py").write_text("x = 1")
    long = "word " * 101 + "$x = 1$"
    (tmp_path / "answers.md").write_text(
        f"Team: Ada Lovelace\n\n## 1.1 Which learning rate is best, and why (100)\n\n{long}"
    )
    found = {item.what: item for item in take(tmp_path).checklist}
    assert found["the team's names"].found == "Ada Lovelace"
    assert found["written answers within their limits"].found.startswith("1.1 has 101 words of 100: shorten them")


def test_cells_that_were_not_run_in_order_are_noticed(take, tmp_path):
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(f"x = {number}") for number in range(3)])
    for cell, count in zip(book.cells, (1, 3, 2), strict=True):
        cell.execution_count = count
    nbformat.write(book, tmp_path / "one.ipynb")
    found = {item.what: item.found for item in take(tmp_path / "one.ipynb").checklist}
    assert found["all outputs saved, in order"].startswith("the cells were not run from top to bottom")


def test_the_checklist_is_in_every_report(run, tmp_path, read_report):
    path = notebook(tmp_path / "one.ipynb", "x = 1")
    report, page = tmp_path / "results.json", tmp_path / "page.html"
    done = run("-m", "grader", "grade", path, "--json", report, "--html", page)
    assert "exactly one notebook" in done.stdout
    assert "✓ exactly one notebook: one" in read_report(report)["output"]
    assert "exactly one notebook: one" in page.read_text(encoding="utf-8")
    assert read_report(report)["score"] == 0


def test_a_folder_that_can_not_be_looked_into_is_not_called_empty(tmp_path, monkeypatch):
    for folder in ("mine", "mine/part2"):
        (tmp_path / folder).mkdir()
    (tmp_path / "mine" / "training.py").write_text("")
    scandir = os.scandir

    def refuse(path):
        if Path(path).name == locked:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    locked = "mine"
    with pytest.raises(SubmissionError, match="theirs can't be read: change its permissions"):
        gather(tmp_path / "mine", tmp_path / "scratch", "theirs")
    locked = "part2"
    (tmp_path / "scratch").mkdir()
    found = gather(tmp_path / "mine", tmp_path / "scratch", "theirs")
    assert "The folder part2 can't be read: change its permissions." in found.notes
