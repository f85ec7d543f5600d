"""The stubs: the names and signatures of the handout, which the solution has as well."""

from __future__ import annotations

import ast
import importlib.util
import inspect
from pathlib import Path
from types import ModuleType

import pytest

from harness.submission.required_names import MODULES
from harness.validation.cases import SOLUTION, STUBS

#: What the handout names, module by module, with the arguments of functions and constructors.
HANDOUT: dict[str, dict[str, str | None]] = {
    "training": {"LEARNING_RATES": None, "BEST_LEARNING_RATE": None, "make_scheduler": "(name, optimizer, epochs)"},
    "quantization": {
        "quantize": "(W, bits=8)",
        "dequantize": "(codes, args)",
        "stochastic_quantize": "(W, bits=2, rng=None)",
        "quantize_model": "(model, bits, stochastic=False, rng=None)",
    },
    "pruning": {
        "PRUNE_PERCENTAGE": None,
        "PRUNE_EPOCHS": None,
        "SparseConvNet": "(conv_layer=SparseConv2d)",
        "filter_l1_pruning": "(net, prune_percent)",
        "unstructured_pruning": "(net, prune_percent)",
    },
    "finetuning": {
        "load_pretrained": "()",
        "freeze_early_layers": "(model)",
        "add_lora_classifier": "(model, rank=10)",
    },
    "transformer": {
        "positional_encoding": "(length, depth)",
        "PositionalEmbedding": "(vocab_size, d_model, max_len=2048)",
        "GlobalSelfAttention": "(*, d_model, num_heads, dropout_rate=0.1)",
        "CausalSelfAttention": "(*, d_model, num_heads, dropout_rate=0.1)",
        "CrossAttention": "(*, d_model, num_heads, dropout_rate=0.1)",
        "FeedForward": "(d_model, dff, dropout_rate=0.1)",
        "EncoderLayer": "(*, d_model, num_heads, dff, dropout_rate=0.1)",
        "Encoder": "(num_layers, d_model, num_heads, dff, vocab_size, dropout_rate=0.1)",
        "DecoderLayer": "(*, d_model, num_heads, dff, dropout_rate=0.1)",
        "Decoder": "(num_layers, d_model, num_heads, dff, vocab_size, dropout_rate=0.1)",
        "Transformer": ("(num_layers, d_model, num_heads, dff, input_vocab_size, target_vocab_size, dropout_rate=0.1)"),
        "count_matmuls": "(num_layers, num_heads)",
    },
    "depthwise": {
        "DepthwiseSeparableConvolution": "(C_in, C_out, W_H)",
        "dw_conv_block": "(in_channels, out_channels, kernel_size=3)",
    },
}


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"loaded_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def arguments(function) -> str:
    """The signature without types: ``(W, bits=8)``."""
    signature = inspect.signature(function)
    words = []
    for parameter in signature.parameters.values():
        default = parameter.default
        if isinstance(default, type) and default is not inspect.Parameter.empty:
            parameter = parameter.replace(default=type("Name", (), {"__repr__": lambda _, d=default: d.__name__})())
        words.append(parameter.replace(annotation=inspect.Parameter.empty))
    return str(signature.replace(parameters=words, return_annotation=inspect.Signature.empty))


def test_the_table_has_all_modules():
    assert list(HANDOUT) == list(MODULES.values())


@pytest.mark.parametrize("folder", [STUBS, SOLUTION], ids=["stubs", "solution"])
@pytest.mark.parametrize("name", HANDOUT)
def test_names_and_signatures_are_the_handouts(folder, name):
    path = folder / f"{name}.py"
    module = load(path)
    for one, signature in HANDOUT[name].items():
        if signature is not None:
            assert arguments(getattr(module, one)) == signature, one
        elif folder == STUBS:
            assert getattr(module, one) is None


@pytest.mark.parametrize("name", HANDOUT)
def test_every_body_of_a_stub_raises_and_names_its_part(name):
    tree = ast.parse((STUBS / f"{name}.py").read_text(encoding="utf-8"))
    part = next(part for part, module in MODULES.items() if module == name)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert functions
    for function in functions:
        raised = ast.unparse(function.body[-1])
        assert raised.startswith(f"raise NotImplementedError('Part {part}."), function.name
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            assert ast.get_docstring(node), node.name
            assert ast.get_docstring(node).startswith(f"Part {part}."), node.name  # type: ignore[union-attr]


def test_the_answers_have_a_heading_for_each_question_that_is_graded_by_hand():
    text = (STUBS / "answers.md").read_text(encoding="utf-8")
    parts = [line.split()[1] for line in text.splitlines() if line.startswith("## ")]
    by_hand = ["1.1", "1.2", "2.1", "2.2", "2.2", "2.2", "2.3", "3.2", "3.3", "3.4", "4.2", "5.1", "6.1", "6.2"]
    assert parts == by_hand
