"""Notebooks that are handed in: what is taken of them, and what they earn."""

from __future__ import annotations

import pickle
from pathlib import Path

import nbformat
import pytest

from course.layers import SparseConv2d, UnstructuredSparseConv2d, get_sparse_conv2d_layers
from harness.failure import StackLine
from harness.gradebook import Gradebook, State
from harness.grading import grade
from harness.submission.intake import open_submission
from harness.submission.required_names import MODULES
from harness.validation.cases import SOLUTION, of_code
from tests.conftest import Take
from tests.damaged_submissions import solution_notebook
from tests.notebooks import imported, module, notebook


def states(gradebook: Gradebook, part: str) -> dict[str, State]:
    numbers = of_code(part)
    return {test.number: outcome.state for test, outcome in gradebook.results if test.number in numbers}


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
    submission = take(notebook(tmp_path / "one.ipynb", "def quantize(W):\n    return W"))
    (place,) = submission.located([StackLine("quantization.py", 10**15, "", "")])
    assert (place.file, place.line) == ("the module made from the notebook (quantization.py)", 10**15)


def test_an_endless_loop_is_shown_at_its_line_of_the_cell(launcher, tmp_path):
    cell = "def quantize(W):\n    while True:\n        pass"
    with open_submission(notebook(tmp_path / "one.ipynb", "x = 1", cell)) as submission:
        gradebook = grade(submission, parts=("2.1a",), launcher=launcher)
    message = next(outcome.message for test, outcome in gradebook.results if test.number == "2.1a")
    assert "It was at this line:\n  code cell no. 2, line" in message


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


NET = OLD_STYLE[3].split("class SparseConvNet")[1].split("def __init__")[1]
SPARSE_NETS = {
    "names itself": "class SparseConvNet(nn.Module):\n    def __init__"
    + NET.replace("super().__init__()", "super(SparseConvNet, self).__init__()"),
    "has another argument": "class SparseConvNet(nn.Module):\n    def __init__"
    + NET.replace("(self)", "(self, classes=10)", 1).replace("256, 10)", "256, classes)"),
    "calls it otherwise": "class SparseConvNet(nn.Module):\n    def __init__"
    + NET.replace("(self)", "(self, layer=SparseConv2d)", 1).replace(
        "stride=stride)", "stride=stride, conv_layer=layer)"
    ),
    "inherits": "class Base(nn.Module):\n    def __init__" + NET + "class SparseConvNet(Base):\n    pass\n",
    "inherits the argument": "class Base(nn.Module):\n    def __init__"
    + NET.replace("(self)", "(self, conv_layer=SparseConv2d)", 1).replace("=stride)", "=stride, conv_layer=conv_layer)")
    + "class SparseConvNet(Base):\n    pass\n",
    "has another name": "class Net(nn.Module):\n    def __init__" + NET + "SparseConvNet = Net\n",
    "is a function": "class Net(nn.Module):\n    def __init__" + NET + "def SparseConvNet():\n    return Net()\n",
}


@pytest.mark.parametrize("cell", SPARSE_NETS.values(), ids=SPARSE_NETS)
def test_a_sparse_network_is_told_its_layers(take, tmp_path, monkeypatch, cell):
    submission = take(notebook(tmp_path / "one.ipynb", "from torch import nn", cell))
    pruning = imported(submission, "pruning", monkeypatch)
    for arguments, layer in (({}, SparseConv2d), ({"conv_layer": UnstructuredSparseConv2d}, UnstructuredSparseConv2d)):
        net = pruning.SparseConvNet(**arguments)
        assert {type(one) for one in get_sparse_conv2d_layers(net)} == {layer}
        assert type(pickle.loads(pickle.dumps(net))) is type(net)
    if isinstance(pruning.SparseConvNet, type):
        assert isinstance(net, pruning.SparseConvNet)


def test_a_network_that_names_itself_earns_what_it_earns_in_a_module(launcher, tmp_path):
    cells = ("# Code Cell 3.1\nfrom torch import nn\n" + SPARSE_NETS["names itself"],)
    with open_submission(notebook(tmp_path / "old.ipynb", *cells)) as submission:
        gradebook = grade(submission, parts=("3.1",), launcher=launcher)
    part = next(part for part in gradebook.parts if part.part.number == "3.1")
    assert part.score == part.maximum, [outcome.message for _, outcome in gradebook.results]


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


@pytest.mark.slow
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
