"""The names that a submission has, as the handout gives them: by module, each with its part.

A test holds this table to the stubs in ``student/``, which say what each name has to do.
"""

from __future__ import annotations

import re

__all__ = ["DEFINES", "FILES", "MODULES", "NAMES", "PROVIDED"]

#: The modules that a submission consists of, by the first number of its parts.
MODULES = {
    "1": "training",
    "2": "quantization",
    "3": "pruning",
    "4": "finetuning",
    "5": "transformer",
    "6": "depthwise",
}
FILES = tuple(f"{module}.py" for module in MODULES.values())

NAMES: dict[str, dict[str, str]] = {
    "training": {"LEARNING_RATES": "1.1", "BEST_LEARNING_RATE": "1.1", "make_scheduler": "1.2"},
    "quantization": {"quantize": "2.1", "dequantize": "2.1", "stochastic_quantize": "2.3", "quantize_model": "2.2"},
    "pruning": {
        "PRUNE_PERCENTAGE": "3.3",
        "PRUNE_EPOCHS": "3.3",
        "SparseConvNet": "3.1",
        "filter_l1_pruning": "3.3",
        "unstructured_pruning": "3.4",
    },
    "finetuning": {"load_pretrained": "4.1", "freeze_early_layers": "4.1", "add_lora_classifier": "4.1"},
    "transformer": {
        "positional_encoding": "5.1",
        "PositionalEmbedding": "5.1",
        "GlobalSelfAttention": "5.1",
        "CausalSelfAttention": "5.1",
        "CrossAttention": "5.1",
        "FeedForward": "5.1",
        "EncoderLayer": "5.1",
        "Encoder": "5.1",
        "DecoderLayer": "5.1",
        "Decoder": "5.1",
        "Transformer": "5.1",
        "count_matmuls": "5.1",
    },
    "depthwise": {"DepthwiseSeparableConvolution": "6.1", "dw_conv_block": "6.2"},
}

#: A line that gives one of these names its value.
DEFINES = re.compile(
    rf"^(?:(?:def|class) +)?(?:{'|'.join(name for names in NAMES.values() for name in names)})\b *[(:=]", re.MULTILINE
)

#: What the course provides under the handout's names, and the module of ``course`` that has it.
PROVIDED = {
    "conv_block": "models",
    "ConvNet": "models",
    "DWConvNet": "models",
    "MNISTNet": "models",
    "SparseConv2d": "layers",
    "UnstructuredSparseConv2d": "layers",
    "sparse_conv_block": "layers",
    "get_sparse_conv2d_layers": "layers",
    "DepthwiseSeparableConvolutionSolution": "layers",
    "moving_average": "trainer",
}
