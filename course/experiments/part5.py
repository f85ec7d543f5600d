"""Part 5: a figure of the positional encoding, and the transformer of the notebook's test."""

from __future__ import annotations

import numpy as np
import torch

from course.experiments.experiment import Experiment
from course.experiments.lab import Lab
from course.experiments.student_code import StudentCodeError
from course.plotting import encoding
from harness.reports.text import counted

__all__ = ["EXPERIMENTS"]

#: The sizes in the notebook's test.
SIZES = {"num_layers": 4, "d_model": 512, "num_heads": 8, "dff": 2048}
VOCABULARIES = {"input_vocab_size": 8000, "target_vocab_size": 8001}
LENGTHS = (201, 200)
DROPOUT = 0.1
BATCH = {"quick": 1, "full": 64}

MEANINGS = {
    "num_layers": "encoder layers, and as many decoder layers",
    "d_model": "width of embeddings and of each layer's output",
    "num_heads": "attention heads",
    "dff": "width of the feed-forward's hidden layer",
    "input_vocab_size": "words of the source language",
    "target_vocab_size": "words of the target language",
    "dropout_rate": "share of values that dropout sets to 0",
}


def transformer(lab: Lab) -> None:
    """Run part 5.1: draw the positional encoding, and run the transformer once on the notebook's sizes."""
    code = lab.code.transformer
    table = np.asarray(code.positional_encoding(2048, 256))
    if table.shape != (2048, 256):
        raise StudentCodeError(
            f"positional_encoding(2048, 256) in transformer.py has the shape {table.shape}, expected (2048, 256)"
        )
    figure = encoding(table, title="Positional encoding")
    lab.figure("positional-encoding", figure, "positional_encoding(2048, 256) (part 5.1).")
    values = {**SIZES, **VOCABULARIES, "dropout_rate": DROPOUT}
    lab.table(
        "Hyperparameters", ["name", "value", "meaning"], [[name, values[name], MEANINGS[name]] for name in values]
    )
    torch.manual_seed(lab.record.seed)
    model = code.Transformer(**SIZES, **VOCABULARIES, dropout_rate=DROPOUT).to(lab.device).eval()
    batch = BATCH[lab.profile.name]
    context, x = (
        torch.randint(0, words, (batch, length), device=lab.device)
        for words, length in zip(VOCABULARIES.values(), LENGTHS, strict=True)
    )
    with torch.no_grad():
        out = model(context, x)
    counts: list[list[str | int | float]] = [
        ["parameters", sum(parameter.numel() for parameter in model.parameters())],
        ["output for one batch", " × ".join(str(size) for size in out.shape)],
    ]
    for layers, heads in ((SIZES["num_layers"], SIZES["num_heads"]), (1, 1), (6, 8)):
        counts.append(
            [
                f"matrix products of {counted(layers, 'layer')} with {counted(heads, 'head')}",
                int(code.count_matmuls(layers, heads)),
            ]
        )
    lab.table("The transformer of the notebook's test", ["what", "found"], counts)


EXPERIMENTS = (Experiment("5.1", "The transformer", transformer),)
