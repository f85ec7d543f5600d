"""Part 5: the positional encoding, and the embedding that adds it to tokens, by the paper's formula."""

from __future__ import annotations

import numpy as np
import torch
from gradescope_utils.autograder_utils.decorators import number, weight

from grader.suites import transformer_checks as checks
from grader.suites.transformer_checks import made
from grader.suites.weights_by_shape import SIZES, draw_values
from harness.checks import as_array, assert_true, assert_within, explained_by, heat_maps, needs
from harness.host.proxies import Student


@weight(3)
@number("5.1a")
def test_encoding_is_the_formula(student, show):
    """positional_encoding has the paper's sines and cosines at every position, at several lengths and depths."""
    own = checks.as_encoding(student.transformer.positional_encoding(100, 64), 100, 64)
    both = {"yours": own, "the paper's": checks.interleaved(100, 64)}
    show(heat_maps("positional_encoding(100, 64): red is 1, blue is −1", both, x="column", y="position"))
    for length, depth in ((2, 4), (1, 6), (50, 8), (201, 64), (1000, 256)):
        found = checks.as_encoding(student.transformer.positional_encoding(length, depth), length, depth)
        forms = checks.interleaved(length, depth), checks.in_halves(length, depth)
        tolerance = checks.encoding_tolerance(length)
        nearest = min(forms, key=lambda form: float(np.abs(found - form).max()))
        assert_within(
            found,
            nearest,
            atol=tolerance,
            what=f"positional_encoding({length}, {depth})",
            hint="column 2i is sin(pos / 10000^(2i/depth)), column 2i + 1 the cosine of that angle; row 0 is 0 1 0 1.",
        )


@weight(1)
@number("5.1b")
@needs("5.1a")
def test_encoding_is_interleaved(student):
    """Sines are in the even columns and cosines in the odd ones."""
    found = checks.as_encoding(student.transformer.positional_encoding(20, 16), 20, 16)
    assert_within(
        found,
        checks.interleaved(20, 16),
        atol=checks.encoding_tolerance(20),
        what="positional_encoding(20, 16)",
        hint="not all sines first: columns 0, 2, 4, … are sines, columns 1, 3, 5, … cosines.",
    )


@weight(2)
@number("5.1c")
@explained_by("5.1a")
def test_embedding_plus_encoding(student, rng):
    """PositionalEmbedding gives the token's embedding plus the encoding of its position."""
    assert_embedding(student, rng, max_len=64, lengths=(7,))


@weight(1)
@number("5.1d")
@needs("5.1c")
def test_embedding_at_other_lengths(student, rng):
    """PositionalEmbedding takes sequences from one token up to max_len, and 2048 without the argument."""
    assert_embedding(student, rng, max_len=40, lengths=(1, 40))
    assert_embedding(student, rng, max_len=None, lengths=(2048,))
    assert_embedding(student, rng, max_len=2500, lengths=(2500,))


def assert_embedding(student: Student, rng: np.random.Generator, max_len: int | None, lengths: tuple[int, ...]) -> None:
    """Check that the output is s·E[token] + encoding for a drawn embedding matrix E, where s may be 1 or √d_model."""
    values = draw_values(rng)
    given = {} if max_len is None else {"max_len": max_len}
    module = made(student, "PositionalEmbedding", SIZES.vocabulary, SIZES.d_model, **given)
    shapes = [tuple(value.shape) for value in module.parameters().values()]
    assert_true(
        (SIZES.vocabulary, SIZES.d_model) in shapes,
        f"PositionalEmbedding({SIZES.vocabulary}, {SIZES.d_model}) has no parameter of that shape, but {shapes}.",
        "use nn.Embedding(vocab_size, d_model).",
    )
    checks.write_values(module, values, SIZES)
    if 1 in lengths:
        token = torch.zeros(2, 1, dtype=torch.int64)
        checks.assert_one_sequence_is_a_batch(module, "PositionalEmbedding", token)
    for length in lengths:
        tokens = torch.from_numpy(rng.integers(0, SIZES.vocabulary, size=(2, length)))
        tokens[0, 0], tokens[1, -1] = 0, SIZES.vocabulary - 1
        what = f"PositionalEmbedding's output for tokens (2, {length})"
        found = as_array(module(tokens), what, shape=(2, length, SIZES.d_model), dtype="float32")
        embedded = values.embedding[tokens].numpy()
        forms = [
            scale * embedded + encoding
            for scale in (1, SIZES.d_model**0.5)
            for encoding in checks.encodings(student, length, SIZES.d_model)
        ]
        nearest = min(forms, key=lambda form: float(np.abs(found - form).max()))
        assert_within(
            found,
            nearest,
            atol=checks.encoding_tolerance(length) + 1e-5,
            what=what,
            hint="embedding(x) + positional_encoding(length, d_model): the first rows for shorter sequences.",
        )
