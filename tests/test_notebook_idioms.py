"""What real notebooks do: cells that write files, and the handout's own names."""

from __future__ import annotations

import types
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.failure import StackLine
from harness.submission.intake import Submission
from harness.validation.cases import STUBS
from tests.notebooks import imported, module, notebook


@pytest.fixture
def load(take, tmp_path, monkeypatch) -> Callable[..., tuple[types.ModuleType, Submission]]:
    """A module as it is made of a notebook's cells, imported, and the submission."""

    def load_module(name: str, *cells: str) -> tuple[types.ModuleType, Submission]:
        submission = take(notebook(tmp_path / "one.ipynb", *cells))
        return imported(submission, name, monkeypatch), submission

    return load_module


# ---- %%writefile ---------------------------------------------------------------------------------------------

QUANTIZE = "def quantize(W, bits=8):\n    return 7\n"
DEQUANTIZE = "def dequantize(codes, args):\n    return 8\n"


@pytest.mark.parametrize(
    "magic",
    [
        "%%writefile quantization.py",
        "%%file quantization.py",
        "%%writefile student/quantization.py",
        "%%writefile /content/drive/MyDrive/CS 2420/quantization.py",
        "%%writefile './quantization.py'",
    ],
)
def test_a_cell_that_writes_a_module_is_the_module(load, magic):
    quantization, submission = load(
        "quantization",
        f"{magic}\n# Code Cell 2.1: quantize\n{QUANTIZE}{DEQUANTIZE}",
        "from quantization import quantize, dequantize\nquantize(1)",
    )
    assert (quantization.quantize(0), quantization.dequantize(0, 0)) == (7, 8)
    assert submission.notes == ()


def test_a_cell_may_append_to_a_module(load):
    cells = (f"%%writefile quantization.py\n{QUANTIZE}", f"%%writefile -a quantization.py\n{DEQUANTIZE}")
    quantization, _ = load("quantization", *cells)
    assert (quantization.quantize(0), quantization.dequantize(0, 0)) == (7, 8)


def test_a_cell_that_writes_a_module_anew_replaces_it(load):
    cells = (f"%%writefile quantization.py\n{QUANTIZE}{DEQUANTIZE}", f"%%writefile quantization.py\n{QUANTIZE}")
    quantization, _ = load("quantization", *cells)
    with pytest.raises(NotImplementedError):
        quantization.dequantize(0, 0)


def test_other_cells_fill_in_what_the_written_module_lacks(load):
    cells = (
        f"%%writefile quantization.py\n{QUANTIZE}",
        "from quantization import quantize as q, quantize",
        "def dequantize(codes, args):\n    return q(codes) + quantize(codes)",
    )
    assert load("quantization", *cells)[0].dequantize(0, 0) == 14


def test_modules_that_cells_write_keep_their_names_apart(load):
    cells = (
        "%%writefile quantization.py\nLEVEL = 7\ndef quantize(W):\n    return LEVEL",
        "%%writefile pruning.py\nfrom student.quantization import quantize\nLEVEL = 1\n"
        "def filter_l1_pruning(net, p):\n    return LEVEL + quantize(net)",
    )
    assert load("quantization", *cells)[0].quantize(0) == 7
    assert load("pruning", *cells)[0].filter_l1_pruning(0, 0) == 8


def test_other_files_that_cells_write_are_there_to_import(load):
    cells = (
        "%%writefile mine/levels.py\nLEVEL = 7\ndef broken():\n    return undefined",
        "from mine.levels import LEVEL\ndef quantize(W):\n    return LEVEL",
    )
    quantization, submission = load("quantization", *cells)
    assert quantization.quantize(0) == 7
    lines = [StackLine("mine/levels.py", 3, "broken", "")]
    assert submission.located(lines) == [StackLine("code cell no. 1", 4, "broken", "")]


def test_a_module_that_is_imported_from_a_file_of_stubs_is_not_written(take, tmp_path):
    (tmp_path / "quantization.py").write_bytes((STUBS / "quantization.py").read_bytes())
    notebook(tmp_path / "one.ipynb", "from quantization import quantize\nfrom student.quantization import *")
    submission = take(tmp_path)
    assert submission.origins == {} or "import quantize" not in (submission.folder / "quantization.py").read_text()
    assert submission.notes == ()


def test_a_cell_in_another_language_that_defines_something_is_mentioned(take, tmp_path):
    cell = "%%script python3 --bg\ndef quantize(W):\n    return W"
    note = "code cell no. 1 begins with %%script and was not read: remove that line."
    assert take(notebook(tmp_path / "one.ipynb", cell, "def dequantize(W, a):\n    return W")).notes == (note,)
    assert take(notebook(tmp_path / "two.ipynb", "%%bash\nls", "def dequantize(W, a):\n    return W")).notes == ()


# ---- the handout's names -------------------------------------------------------------------------------------

STEADY = "# Code Cell 2.2\nimport numpy as np\ndef quantize(W):\n    return np.round(W), None\n"
DRAWN = "# Code Cell 2.4\nimport numpy as np\ndef quantize(W, bits=2, rng=None):\n    return {}, 'drawn'\n"


@pytest.mark.parametrize(
    "expression", ["np.floor(W + np.random.rand())", "np.floor(W + np.random.uniform())", "drawn(W)"]
)
def test_a_second_quantize_that_draws_is_stochastic_quantize(load, expression):
    helper = "def drawn(W):\n    return np.floor(W + np.random.default_rng().random())"
    quantization, submission = load("quantization", STEADY, helper, DRAWN.format(expression))
    assert quantization.quantize(1.0)[1] is None
    assert quantization.stochastic_quantize(1.0, bits=2)[1] == "drawn"
    assert submission.notes == (
        "quantize is defined in Code Cell 2.2, and with random rounding in Code Cell 2.4: that was graded as "
        "stochastic_quantize.",
    )


def test_a_second_quantize_that_does_both_replaces_the_first(load):
    both = "# Code Cell 2.4\ndef quantize(W, stochastic=False):\n    return np.random.rand() if stochastic else 7"
    quantization, submission = load("quantization", STEADY, both)
    assert quantization.quantize(1.0) == 7
    assert submission.notes == (
        "quantize is defined in Code Cell 2.2 and otherwise in Code Cell 2.4: the last one was graded.",
    )


def test_a_definition_that_is_there_twice_word_for_word_is_not_mentioned(load):
    assert load("quantization", STEADY, STEADY.replace("2.2", "2.4"))[1].notes == ()


def test_a_definition_in_a_cell_of_a_later_part_is_mentioned(load):
    later = "# Code Cell 5.1\ndef quantize(W):\n    return 5"
    quantization, submission = load("quantization", STEADY, later)
    assert quantization.quantize(1.0)[1] is None
    assert submission.notes == ("quantize in Code Cell 5.1 was left out, since that cell belongs to a later part.",)


def test_constants_under_the_handouts_names_are_understood(load):
    cells = ("# Code Cell 3.3\nprune_percentage = 0.1\nprune_epoch = [10, 20, 30, 40, 50]", "lrs = [1e-4, 0.1, 1.0]")
    pruning, submission = load("pruning", *cells)
    assert (pruning.PRUNE_PERCENTAGE, pruning.PRUNE_EPOCHS) == (0.1, [10, 20, 30, 40, 50])
    assert set(submission.notes) == {
        "prune_percentage was graded as PRUNE_PERCENTAGE, the name that the grader looks for.",
        "prune_epoch was graded as PRUNE_EPOCHS, the name that the grader looks for.",
        "lrs was graded as LEARNING_RATES, the name that the grader looks for.",
    }


@pytest.mark.parametrize(
    "cells",
    [
        ("prune_epoch = [10]", "prune_epoch = [20]"),
        ("for prune_epoch in range(3):\n    pass",),
        ("prune_epoch = [10]\nprune_epochs = [20]",),
        ("prune_epoch = [10]\nPRUNE_EPOCHS = [20]",),
    ],
    ids=["two values", "a loop", "two names", "both"],
)
def test_a_constant_whose_value_is_not_clear_is_not_guessed(load, cells):
    pruning, submission = load("pruning", *cells)
    assert pruning.PRUNE_EPOCHS in (None, [20])
    assert submission.notes == ()


def test_the_function_that_the_grader_calls_is_named(take, tmp_path):
    cells = (
        "# Code Cell 4.1\npt_net = models.resnet18(weights='DEFAULT')\nnet_freeze = copy.deepcopy(pt_net)",
        "# Code Cell 4.2\nnet_freeze_lora = lora(pt_net)",
        "# Code Cell 1.6\nfor rate in (1, 2):\n    scheduler = optim.lr_scheduler.MultiStepLR(optimizer, [25])",
        "def freeze_early_layers(model):\n    return model",
    )
    notes = take(notebook(tmp_path / "one.ipynb", *cells)).notes
    assert (
        "pt_net is made in Code Cell 4.1, but the grader calls load_pretrained(): write a function that returns it."
        in notes
    )
    assert any(
        note.startswith("net_freeze_lora is made in Code Cell 4.2, but the grader calls add_lora") for note in notes
    )
    assert any(note.startswith("A schedule is made in Code Cell 1.6, but the grader calls make_sch") for note in notes)
    assert not any(note.startswith("net_freeze is") for note in notes)


def test_a_complete_notebook_has_nothing_to_be_told(take, tmp_path: Path):
    cells = [module(name) for name in ("training", "quantization", "pruning", "finetuning")]
    assert take(notebook(tmp_path / "one.ipynb", *cells, "pt_net = load_pretrained()")).notes == ()
