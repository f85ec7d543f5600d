"""Messages whose reason is the machine that grades, or a line at another place."""

from __future__ import annotations

import importlib
import sys
import time

import pytest

from harness.failure import Failure, StackLine
from harness.grading import grade
from harness.submission import hints
from harness.submission.intake import Setting, Submission, open_submission
from harness.submission.settings import settings_of
from tests.conftest import ROOT
from tests.notebooks import module, notebook

NEWER = [
    'y = f"{info["k"]}"',
    "y = f'{a['b']:>3}' + 'c'",
    'print(f"{x!r:{"a"}}")',
    r"""print(f"{'\n'.join(a)}")""",
    "type Pair = tuple[int, int]",
    "def first[T](values: list[T]) -> T:",
    "class Stack[T]:",
    'y = f"{',
    "except ValueError, TypeError:",
    'print(t"{x}")',
]


@pytest.mark.parametrize("line", NEWER)
def test_syntax_of_a_newer_python_is_recognised(line, monkeypatch):
    monkeypatch.setattr(hints, "VERSION", (3, 11))
    monkeypatch.setattr(hints, "PYTHON", "Python 3.11")
    assert "Python 3.11 grades your code, and this is probably syntax of Python 3.1" in hints.newer_syntax(line)
    monkeypatch.setattr(hints, "VERSION", (3, 99))
    assert hints.newer_syntax(line) == ""


@pytest.mark.parametrize(
    "line",
    [
        "lr =",
        'y = f"{x"',
        "y = f\"{d['k']}\" +",
        "print(f'{{' + '}'",
        "type = 3 +",
        "x = d['t'] +",
        "def f(x:",
        'print("unterminated)',
        'f"\\n{x}" +',
        "f" * 5000,
    ],
)
def test_mistakes_are_no_newer_syntax(line):
    assert hints.newer_syntax(line) == ""


def message_of(path, launcher, number: str) -> str:
    with open_submission(path) as submission:
        gradebook = grade(submission, parts=(number,), launcher=launcher)
    return next(outcome.message for test, outcome in gradebook.results if test.number == number)


FILE = "def quantize(W, bits=8):\n    return W\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param(
            'info = {"k": 1}\nprint(f"{info["k"]}")\n' + FILE,
            f"\nHint: {hints.PYTHON} grades your code, and this is probably syntax of Python 3.12: use older syntax.",
            marks=pytest.mark.skipif(sys.version_info >= (3, 12), reason="it is no newer syntax here"),
        ),
        (
            "import einops\n" + FILE,
            "\nHint: einops is not installed where your code is graded. If it is your own file, hand it in;",
        ),
        (
            "import torch\ndef setup():\n    torch.set_grad_enabled(False)\nsetup()\n" + FILE,
            "\nHint: quantization.py, line 3 sets torch.set_grad_enabled(False) for all code, which may be the reason.",
        ),
        (
            "def quantize(W, bits=8):\n    return SCALE\ndef dequantize(*args):\n    global SCALE\n    SCALE = 1\n",
            "\nHint: Another function sets SCALE, perhaps in another process: return it, and pass it as an argument.",
        ),
    ],
    ids=["newer syntax", "package", "setting", "global"],
)
def test_the_reason_is_in_the_message(launcher, tmp_path, text, sentence):
    (tmp_path / "quantization.py").write_text(text)
    assert sentence in message_of(tmp_path, launcher, "2.1a")


def test_a_file_of_empty_lines_costs_the_grader_time_in_proportion(tmp_path):
    """Blank space that a pattern may follow over many lines would cost the square of their number."""
    failure = Failure("exception", "NameError", "name 'SCALE' is not defined", [])

    def seconds(lines: int) -> float:
        (tmp_path / "quantization.py").write_text("\n" * lines)
        submission = Submission(tmp_path, "someone")
        taken = []
        for _ in range(3):
            begun = time.process_time()
            assert submission.explanations("2.1", failure) == []
            taken.append(time.process_time() - begun)
        return min(taken)

    assert seconds(40_000) < 8 * seconds(10_000) + 0.01


def test_a_cell_with_newer_syntax_is_explained(take, tmp_path, monkeypatch):
    monkeypatch.setattr(hints, "VERSION", (3, 1))
    path = notebook(tmp_path / "one.ipynb", "try:\n    pass\nexcept *ValueError, x:\n    pass", module("depthwise"))
    assert any("it was skipped. Python 3." in note and "syntax of Python 3.11" in note for note in take(path).notes)


def test_a_module_in_another_encoding_is_explained():
    (hint,) = hints.hints(Failure("import", "SyntaxError", "source code string cannot contain null bytes", []))
    assert "The file is not saved as UTF-8" in hint


@pytest.mark.parametrize(
    ("kind", "text", "name"),
    [
        ("ImportError", "cannot import name 'override' from 'typing' (/usr/lib/typing.py)", "typing has no override"),
        ("AttributeError", "module 'itertools' has no attribute 'batched'", "itertools has no batched"),
    ],
)
def test_what_a_newer_library_has_is_explained(kind, text, name):
    assert list(hints.hints(Failure("exception", kind, text, []))) == [
        f"{hints.PYTHON} grades your code, and its {name}: newer versions may have it."
    ]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("ModuleNotFoundError", "No module named 'quantization'"),
        ("AttributeError", "module 'torch' has no attribute 'x'"),
        ("SyntaxError", "invalid syntax"),
        ("ValueError", "No module named 'einops'"),  # the student's own words
    ],
)
def test_other_failures_have_no_hints(kind, text):
    assert list(hints.hints(Failure("exception", kind, text, [StackLine("quantization.py", 1, "", "lr =")]))) == []


def test_what_pytorch_says_of_frozen_weights_and_of_embeddings_is_explained():
    text = "element 0 of tensors does not require grad and does not have a grad_fn"
    (hint,) = hints.hints(Failure("exception", "RuntimeError", text, []))
    assert hint.startswith("Nothing is left to train")
    (hint,) = hints.hints(Failure("exception", "IndexError", "index out of range in self", []))
    assert "are the arguments in the order of the docstring?" in hint
    assert list(hints.hints(Failure("exception", "IndexError", "list index out of range", []))) == []


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (
            "PermissionError",
            "While your code is graded, it can't start processes, open connections, or reach other files.",
        ),
        (
            "URLError",
            "While your code is graded, it has no network. The files that the handout downloads are there already.",
        ),
    ],
)
def test_what_the_sandbox_refuses_is_explained(kind, sentence):
    assert list(hints.hints(Failure("exception", kind, "Operation not permitted", []))) == [sentence]


def test_what_is_installed_is_there_and_in_the_page_for_students():
    for name in hints.INSTALLED:
        importlib.import_module(name)
    text = " ".join((ROOT / "docs" / "students.md").read_text(encoding="utf-8").split())
    assert f"{', '.join(hints.INSTALLED[:-1])} and {hints.INSTALLED[-1]}" in text


# ---- settings ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "torch.set_default_dtype(torch.float64)",
        "torch.set_default_device('meta')",
        "torch.use_deterministic_algorithms(True)",
        "torch.autograd.set_detect_anomaly(True)",
        "torch.no_grad().__enter__()",
        "np.seterr(all='raise')",
        "warnings.filterwarnings('error')",
        "sys.setrecursionlimit(10)",
        "os.chdir('/')",
    ],
)
def test_a_line_that_changes_all_code_is_found(tmp_path, line):
    (tmp_path / "quantization.py").write_text(f"import torch\n{line}\n")
    assert settings_of(tmp_path) == {"quantization.py": (Setting("quantization.py", 2, line),)}


@pytest.mark.parametrize(
    "text",
    [
        "torch.manual_seed(43)",
        "warnings.filterwarnings('ignore')",
        "with torch.set_grad_enabled(False):\n    x = 1",
        "def f():\n    torch.set_grad_enabled(False)",
        "if __name__ == '__main__':\n    torch.set_grad_enabled(False)",
        "np.set_printoptions(precision=3)",
        "lr =",
    ],
)
def test_other_lines_are_not(tmp_path, text):
    (tmp_path / "quantization.py").write_text(text)
    assert settings_of(tmp_path) == {}


def test_settings_of_modules_that_are_imported_count(tmp_path):
    (tmp_path / "pruning.py").write_text("from mine.common import *\nimport pruning\n")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "common.py").write_text("import torch\ntorch.set_default_dtype(torch.half)\n")
    assert settings_of(tmp_path) == {
        "pruning.py": (Setting("mine/common.py", 2, "torch.set_default_dtype(torch.half)"),)
    }


def test_settings_in_a_notebook_are_left_out_and_mentioned(take, tmp_path):
    cells = ("# Code Cell 1.1\nimport torch\ntorch.set_default_dtype(torch.float64)", module("depthwise"))
    submission = take(notebook(tmp_path / "one.ipynb", *cells))
    assert "set_default" not in (submission.folder / "depthwise.py").read_text()
    assert submission.notes == (
        "torch.set_default_dtype(torch.float64) in Code Cell 1.1 was left out: code is graded with the "
        "libraries' own settings.",
    )


def test_a_setting_that_a_notebooks_module_takes_is_named_by_its_cell(tmp_path):
    cell = (
        "import torch\nif True:\n    torch.set_default_dtype(torch.float64)\ndef quantize(W):\n    return torch.ones(1)"
    )
    with open_submission(notebook(tmp_path / "one.ipynb", cell)) as submission:
        explanations = submission.explanations("2.1", None)
    assert explanations == [
        "code cell no. 1, line 3 sets torch.set_default_dtype(torch.float64) for all code, which may be the reason."
    ]
