"""The notebook that students get: what is in it, and that it is what the stubs, the course and the suites say."""

from __future__ import annotations

import ast
import re
import shutil
from collections import Counter
from pathlib import Path

import nbformat
import pytest

from course.experiments.runner import EXPERIMENTS
from harness.catalog import read_suites
from harness.handout.notebook import ANSWERS, STUBS, build, main
from harness.handout.sources import HandoutError, place, split
from harness.problem import problem
from harness.submission.cells import KEY
from harness.submission.required_names import MODULES
from harness.validation.cases import SOLUTION
from tests.conftest import ROOT

FIXED = {
    "1.3": "ConvNet",
    "3.1": "SparseConv2d, SparseConvNet",
    "3.3": "filter_l1_pruning",
    "3.4": "UnstructuredSparseConv2d, unstructured_pruning",
}


@pytest.fixture(scope="module")
def blank() -> nbformat.NotebookNode:
    return build(STUBS)


@pytest.fixture(scope="module")
def filled() -> nbformat.NotebookNode:
    return build(SOLUTION)


def code_cells(notebook: nbformat.NotebookNode, *roles: str) -> list[nbformat.NotebookNode]:
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [cell for cell in cells if not roles or cell.metadata[KEY]["role"] in roles]


def text_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "markdown"]


def number(cell: nbformat.NotebookNode) -> tuple[int, int]:
    part, place_in_part = cell.metadata[KEY]["cell"].split(".")
    return int(part), int(place_in_part)


def statements(text: str) -> list[str]:
    """The top level of a module without its docstring, as trees."""
    body = ast.parse(text).body
    if isinstance(body[0], ast.Expr):
        body = body[1:]
    return [ast.dump(node) for node in body]


def public_names(text: str) -> list[str]:
    """What a stub module defines."""
    found = []
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.append(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.append(node.target.id)
    return found


# ---- the file ------------------------------------------------------------------------------------------------


def test_it_is_a_valid_notebook_of_format_4_5(blank, filled):
    for notebook in (blank, filled):
        nbformat.validate(notebook)
        assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)


def test_equal_files_make_equal_bytes(blank):
    assert nbformat.writes(build(STUBS)) == nbformat.writes(blank)


def test_cells_have_ids_of_their_own_which_stay_when_stubs_are_filled(blank, filled):
    ids = [cell.id for cell in blank.cells]
    assert len(set(ids)) == len(ids)
    assert ids == [cell.id for cell in filled.cells]


def test_it_opens_with_python_3_and_in_colab_with_a_gpu(blank):
    assert blank.metadata.kernelspec.name == "python3"
    assert blank.metadata.accelerator == "GPU"


def test_nothing_of_the_template_is_left_over(blank, filled):
    for cell in [*blank.cells, *filled.cells]:
        assert re.search(r"\{\{ |\{%| \}\}", cell.source) is None, cell.source


# ---- code cells ----------------------------------------------------------------------------------------------


def test_code_cells_say_in_their_first_line_and_metadata_who_they_are(blank):
    for cell in code_cells(blank):
        first = cell.source.partition("\n")[0]
        assert re.fullmatch(rf"# Code Cell {re.escape(cell.metadata[KEY]['cell'])}: \S.*", first), first


def test_numbers_ascend_and_begin_with_their_part(blank):
    numbers = [number(cell) for cell in code_cells(blank)]
    assert numbers == sorted(set(numbers))
    part = "0"
    for cell in blank.cells:
        if heading := re.match(r"# Part (\d)", cell.source):
            part = heading[1]
        if cell.cell_type == "code" and part != "0" and cell.metadata[KEY]["role"] != "grade":
            assert cell.metadata[KEY]["cell"].startswith(f"{part}.")


@pytest.mark.parametrize("fixed", FIXED)
def test_numbers_of_the_handout_are_kept(blank, fixed):
    (cell,) = [cell for cell in code_cells(blank) if cell.metadata[KEY]["cell"] == fixed]
    assert cell.source.startswith(f"# Code Cell {fixed}: {FIXED[fixed]}\n")


@pytest.mark.parametrize("module", MODULES.values())
def test_every_name_of_a_stub_is_in_one_stub_cell(blank, module):
    found = Counter(name for cell in code_cells(blank, "stub") for name in public_names(cell.source))
    names = public_names((STUBS / f"{module}.py").read_text(encoding="utf-8"))
    assert names
    assert [found[name] for name in names] == [1] * len(names)


@pytest.mark.parametrize("folder", [STUBS, SOLUTION], ids=["stubs", "solution"])
def test_every_statement_of_the_modules_is_there(folder, blank, filled):
    notebook = blank if folder == STUBS else filled
    there = Counter(tree for cell in code_cells(notebook) for tree in statements(cell.source))
    for module in MODULES.values():
        for tree in statements((folder / f"{module}.py").read_text(encoding="utf-8")):
            assert there[tree] >= 1, tree[:300]


def test_a_blank_notebook_holds_no_solution(blank):
    for cell in code_cells(blank, "stub"):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.FunctionDef):
                assert isinstance(node.body[-1], ast.Raise)
                assert len(node.body) <= 2


def test_comments_above_constants_come_with_them(blank):
    (cell,) = [cell for cell in code_cells(blank) if "PRUNE_PERCENTAGE:" in cell.source]
    assert "#: Part 3.3: the fraction of a layer's filters" in cell.source


def test_every_part_has_a_check(blank):
    called = re.findall(r'"([\d.]+[a-z]?)"', " ".join(cell.source for cell in code_cells(blank, "check")))
    known = {test.number for test in read_suites()} | {test.part for test in read_suites()}
    assert set(called) <= known
    assert {part.number for part in problem().part} <= set(called)


def test_every_experiment_is_there_once_in_the_quick_profile(blank):
    cells = code_cells(blank, "experiment")
    called = Counter(part for cell in cells for part in re.findall(r'"(\d\.\d)"', cell.source))
    assert called == Counter(list(EXPERIMENTS))
    assert all('profile="quick"' in cell.source for cell in cells)


def test_the_last_cell_of_code_grades_all_of_it(blank):
    assert code_cells(blank)[-1].source.endswith("\ngrade()")


# ---- text ----------------------------------------------------------------------------------------------------


def test_all_headings_of_answers_are_there_with_room_below(blank):
    cells = [cell for cell in text_cells(blank) if cell.metadata.get(KEY, {}).get("role") == "answer"]
    headings = [line for line in ANSWERS.read_text(encoding="utf-8").splitlines() if line.startswith("## ")]
    assert [cell.source.strip() for cell in cells] == headings
    assert all(cell.source.endswith("\n\n") for cell in cells)


def test_answers_of_a_folder_come_with_its_modules(tmp_path):
    folder = Path(shutil.copytree(SOLUTION, tmp_path / "own"))
    text = ANSWERS.read_text(encoding="utf-8").replace("why (100)\n", "why (100)\n\n0.1, because *it is*.\n")
    text = re.sub(r"^Team:.*$", "Team: Ada Lovelace", text, flags=re.MULTILINE)
    (folder / "answers.md").write_text(text, encoding="utf-8")
    notebook = build(folder)
    sources = [cell.source for cell in text_cells(notebook)]
    assert "## 1.1 Which learning rate is best, and why (100)\n\n0.1, because *it is*." in sources
    assert "\nTeam: Ada Lovelace\n" in sources[0]


def test_answers_that_have_no_place_are_refused_and_not_lost(tmp_path):
    folder = Path(shutil.copytree(SOLUTION, tmp_path / "own"))
    (folder / "answers.md").write_text(
        f"{ANSWERS.read_text(encoding='utf-8')}\n## 7.1 More\n\nText\n", encoding="utf-8"
    )
    with pytest.raises(HandoutError, match=r"no place for: ## 7\.1 More"):
        build(folder)


def test_the_first_cell_has_a_line_for_the_team(blank):
    assert re.search(r"^Team: (<!--.*-->)?$", blank.cells[0].source, re.MULTILINE)


def test_points_are_the_manifests(blank):
    text = "\n".join(cell.source for cell in text_cells(blank))
    for part in problem().part:
        assert f"- {part.number} {part.title}: **{part.handout} points**" in text


def test_visible_tests_are_named_with_their_points_and_hidden_ones_are_not(blank):
    text = "\n".join(cell.source for cell in text_cells(blank))
    for test in read_suites():
        assert (f"- {test.number}, " in text and test.title in text) is not test.hidden, test.number


def test_the_courses_code_is_shown_as_it_is(blank):
    shown = 0
    for cell in text_cells(blank):
        for module, code in re.findall(
            r"from <code>(course\.\w+)</code></summary>\n\n```python\n(.*?)\n```", cell.source, re.S
        ):
            source = (ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
            for piece in code.split("\n\n\n"):
                assert f"{piece}\n" in source
                shown += 1
    assert shown >= 12


# ---- modules of any kind -------------------------------------------------------------------------------------


def own_folder(tmp_path: Path, **modules: str) -> Path:
    folder = Path(shutil.copytree(SOLUTION, tmp_path / "own"))
    for module, text in modules.items():
        (folder / f"{module}.py").write_text(text, encoding="utf-8")
    return folder


DEPTHWISE = '''
import torch
from torch import nn

def dw_conv_block(c_in, c_out, kernel_size=3, layer=None):
    return nn.Sequential((layer or DepthwiseSeparableConvolution)(c_in, c_out, kernel_size), _tail(c_out))

def _tail(channels):
    return nn.ReLU()

# a base class
class _Base(nn.Module):
    pass

SIZE = 3
"""what SIZE is"""

class DepthwiseSeparableConvolution(_Base):
    def __init__(self, c_in, c_out, size=SIZE):
        super().__init__()

print("loaded")
# the end
'''


def test_helpers_go_where_they_are_used_first_and_everything_runs_in_the_cells_order(tmp_path):
    notebook = build(own_folder(tmp_path, depthwise=DEPTHWISE))
    cells = {cell.metadata[KEY]["cell"]: cell.source for cell in code_cells(notebook)}
    assert re.search(
        r"# a base class\nclass _Base.*SIZE = 3\n\"\"\"what SIZE is\"\"\".*class Depthwise", cells["6.3"], re.S
    )
    assert cells["6.6"].index("def dw_conv_block") < cells["6.6"].index("def _tail")
    assert 'print("loaded")\n# the end' in "".join(cells.values())
    names: dict[str, object] = {}
    for wanted in ("6.1", "6.3", "6.6"):
        exec(cells[wanted], names)
    assert names["SIZE"] == 3


def test_a_name_that_is_needed_earlier_moves_there_and_leaves_a_note(tmp_path):
    constants = "PRUNE_EPOCHS = [10, 20, 30, 40, 50]\nPRUNE_PERCENTAGE = 0.1\n"
    user = "\nclass SparseConvNet:\n    epochs = PRUNE_EPOCHS\n"
    notebook = build(own_folder(tmp_path, pruning=constants + user))
    cells = {cell.metadata[KEY]["cell"]: cell.source for cell in code_cells(notebook)}
    assert "PRUNE_EPOCHS = [10, 20, 30, 40, 50]\n\nclass SparseConvNet" in cells["3.1"]
    assert "# PRUNE_EPOCHS is in Code Cell 3.1." in cells["3.3"]
    assert "PRUNE_PERCENTAGE = 0.1" in cells["3.3"]
    assert "# pruning.py has no unstructured_pruning." in cells["3.4"]


def test_two_definitions_of_a_name_stay_together():
    pieces = split("def a():\n    return 1\n\ndef b():\n    return a\n\ndef a():\n    return 2\n", "a.py").pieces
    assert place(pieces, {"b": 1, "a": 2}) == [2, 1, 2]


def test_the_same_name_in_two_modules_is_refused(tmp_path):
    folder = own_folder(tmp_path)
    for module in ("training", "depthwise"):
        with (folder / f"{module}.py").open("a", encoding="utf-8") as file:
            file.write(f"\n\ndef _made():\n    return {module!r}\n")
    with pytest.raises(HandoutError, match=r"training.py and depthwise.py both define _made, .* rename one"):
        build(folder)


def test_a_module_that_needs_another_file_is_refused(tmp_path):
    with pytest.raises(HandoutError, match=r"training.py, line 1, imports another file .* move that code"):
        build(own_folder(tmp_path, training="from . import pruning\nLEARNING_RATES = [1.0]\n"))


def test_another_thing_by_the_name_of_a_course_class_is_refused(tmp_path):
    with pytest.raises(HandoutError, match=r"training.py, line 3, defines ConvNet, .* give it another name"):
        build(own_folder(tmp_path, training="LEARNING_RATES = [1.0]\n\nclass ConvNet:\n    pass\n"))


def test_a_module_that_is_no_python_ends_with_a_sentence(tmp_path, capsys):
    folder = own_folder(tmp_path, training="def make_scheduler(:\n")
    assert main(["--from", str(folder), "--out", str(tmp_path / "a.ipynb")]) == 2
    assert capsys.readouterr().err.startswith("training.py, line 1 is not valid Python (")


def test_a_folder_without_modules_ends_with_a_sentence(tmp_path, capsys):
    assert main(["--from", str(tmp_path), "--out", str(tmp_path / "a.ipynb")]) == 2
    assert "training.py can't be read" in capsys.readouterr().err


def test_the_command_writes_the_notebook(tmp_path, blank, capsys):
    assert main(["--out", str(tmp_path / "a.ipynb")]) == 0
    assert nbformat.read(tmp_path / "a.ipynb", 4) == blank
    assert "cells" in capsys.readouterr().out
