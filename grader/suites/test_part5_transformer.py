"""Part 5: encoder, decoder and the whole transformer: their parts, their sizes, and what they can learn."""

from __future__ import annotations

import numpy as np
import torch
from gradescope_utils.autograder_utils.decorators import number, weight
from torch import Tensor

from grader import worker_functions
from grader.suites import transformer_checks as checks
from grader.suites.transformer_checks import STACK, drawn_tokens, forward, made, small_transformer
from grader.suites.weights_by_shape import SIZES, draw_values
from harness.checks import (
    as_array,
    as_module,
    assert_true,
    explained_by,
    fail,
    if_not_in_plain_lists,
    is_same,
    needs,
    parameter_count,
)

#: The least accuracy on tokens of unseen sequences after training in 5.1t. 25 correct variants with 6 seeds each
#: reached at least 0.96; networks that look ahead reached at most 0.65.
ENOUGH = 0.8
#: Training may stop at this accuracy on the training tokens, each predicted from the correct tokens before it.
LEARNED = 0.99


# ---- encoder, decoder --------------------------------------------------------------------------------------


@weight(1)
@number("5.1n")
@explained_by("5.1r")
@needs("5.1c", "5.1l")
def test_encoder(student, rng):
    """Encoder is your PositionalEmbedding followed by num_layers of your EncoderLayer."""
    values = draw_values(rng)
    context, _ = drawn_tokens(rng, 6, 4)
    embedding = made(student, "PositionalEmbedding", SIZES.vocabulary, SIZES.d_model)
    checks.write_values(embedding, values, SIZES)
    layer = checks.write_values(made(student, "EncoderLayer", **SIZES.layer), values, SIZES)
    encoder = checks.write_values(made(student, "Encoder", vocab_size=SIZES.vocabulary, **STACK), values, SIZES)
    x = torch.from_numpy(as_array(embedding(context), "the embedding", shape=(2, 6, SIZES.d_model), dtype="float32"))
    expected = forward(layer, forward(layer, x, what="EncoderLayer's output"), what="EncoderLayer's output")
    checks.assert_one_of(
        encoder(context),
        lambda epsilon: [expected.double(), checks.layer_norm(expected.double(), epsilon)],
        "the output of an Encoder of two layers, against its parts with the same weights",
        "embedding with positions first, then each layer on the output of the one before.",
    )


@weight(1)
@number("5.1o")
@explained_by("5.1r")
@needs("5.1c", "5.1m")
def test_decoder(student, rng):
    """Decoder is your PositionalEmbedding followed by num_layers of your DecoderLayer, each with the context."""
    values = draw_values(rng)
    _, tokens = drawn_tokens(rng, 6, 4)
    context = checks.drawn_sequence(rng, 2, 6, SIZES.d_model)
    vocabulary = SIZES.target_vocabulary
    embedding = checks.write_values(made(student, "PositionalEmbedding", vocabulary, SIZES.d_model), values, SIZES)
    layer = checks.write_values(made(student, "DecoderLayer", **SIZES.layer), values, SIZES)
    decoder = checks.write_values(made(student, "Decoder", vocab_size=vocabulary, **STACK), values, SIZES)
    x = torch.from_numpy(as_array(embedding(tokens), "the embedding", shape=(2, 4, SIZES.d_model), dtype="float32"))
    for _ in range(2):
        x = forward(layer, x, context, what="DecoderLayer's output")
    checks.assert_one_of(
        decoder(tokens, context),
        lambda epsilon: [x.double(), checks.layer_norm(x.double(), epsilon)],
        "the output of a Decoder of two layers, against its parts with the same weights",
        "embedding with positions first, then each layer on the output of the one before, all with the same context.",
    )


# ---- the whole ---------------------------------------------------------------------------------------------


def as_logits(value: object, what: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return an output as logits up to a constant for each position. Probabilities become their logarithms.

    Raises:
        CheckFailure: the probabilities of a position don't add up to 1.
    """
    found = as_array(value, what, shape=shape, dtype="float32").astype(np.float64)
    if (found >= 0).all() and (found <= 1).all() and found.any():
        sums = found.sum(axis=-1)
        if not np.allclose(sums, 1, atol=1e-4):
            fail(
                f"{what} are all between 0 and 1, as probabilities, but sum up to {sums.min():.3g} to {sums.max():.3g} "
                "over the vocabulary.",
                "the softmax goes over the last dimension, dim=-1.",
            )
        found = np.log(np.maximum(found, 1e-30))
    return np.asarray(found - found.mean(axis=-1, keepdims=True))


@weight(2)
@number("5.1p")
@explained_by("5.1r")
@needs("5.1n", "5.1o")
def test_transformer(student, rng):
    """Transformer(context, x) is your Encoder, your Decoder and a last linear layer, as logits or probabilities."""
    values = draw_values(rng)
    context, tokens = drawn_tokens(rng, 6, 4)
    encoder = checks.write_values(made(student, "Encoder", vocab_size=SIZES.vocabulary, **STACK), values, SIZES)
    decoder = checks.write_values(made(student, "Decoder", vocab_size=SIZES.target_vocabulary, **STACK), values, SIZES)
    net = checks.write_values(small_transformer(student), values, SIZES)
    shape = (2, 4, SIZES.target_vocabulary)
    found = as_logits(checks.transformed(net, context, tokens), "the Transformer's outputs", shape)
    memory_shape = (2, 6, SIZES.d_model)
    encoded = torch.from_numpy(as_array(encoder(context), "the Encoder's output", memory_shape, dtype="float"))

    def forms(*, epsilon: float) -> list[Tensor]:
        hidden = []
        for memory in (
            encoded,
            checks.layer_norm(encoded, epsilon),
        ):  # the Transformer may normalise the encoder's output
            found = as_array(decoder(tokens, memory), "the Decoder's output", (2, 4, SIZES.d_model), dtype="float")
            decoded = torch.from_numpy(found)
            hidden += [decoded, checks.layer_norm(decoded, epsilon)]
        logits = [one.double() @ values.target_embedding.T for one in hidden]
        return [one - one.mean(-1, keepdim=True) for one in logits]

    checks.OneOf(forms, atol=2e-2).assert_is(
        found,
        "the Transformer's outputs, against its parts with the same weights",
        "encoder(context), then decoder(x, encoded), then Linear(d_model, target_vocab_size).",
    )


@weight(1)
@number("5.1q")
@explained_by("5.1e", "5.1f", "5.1g", "5.1k", "5.1p")
def test_the_handouts_sizes(student, rng):
    """The handout's sizes work for one sequence: d_model 512, 8 heads, dff 2048, 8000 and 8001 words."""
    # One layer and one sequence, instead of the handout's 4 and 64, have the same shapes, a tenth of the work and half
    # of the memory. 5.1r checks other numbers of layers.
    net = made(
        student,
        "Transformer",
        num_layers=1,
        d_model=512,
        num_heads=8,
        dff=2048,
        input_vocab_size=8000,
        target_vocab_size=8001,
    )
    context = torch.from_numpy(rng.integers(0, 8000, size=(1, 201)))
    tokens = torch.from_numpy(rng.integers(0, 8001, size=(1, 200)))
    tokens[0, 0] = 8000
    found = as_array(net.eval()(context, tokens), "the Transformer's output", shape=(1, 200, 8001), dtype="float32")
    as_logits(found, "the Transformer's outputs", (1, 200, 8001))
    few, words = drawn_tokens(rng, 6, 4)
    memory = checks.drawn_sequence(rng, 2, 6, SIZES.d_model)
    encoder = made(student, "Encoder", vocab_size=SIZES.vocabulary, **STACK)
    checks.assert_one_sequence_is_a_batch(encoder, "Encoder", few)
    decoder = made(student, "Decoder", vocab_size=SIZES.target_vocabulary, **STACK)
    checks.assert_one_sequence_is_a_batch(decoder, "Decoder", words, memory)


@weight(2)
@number("5.1r")
def test_parameters(student, rng):
    """Layers have the right number of trainable parameters, share none, and each parameter gets a gradient."""
    d, dff = SIZES.d_model, SIZES.dff
    attention = 4 * d * d + 2 * d  # four projections and a LayerNorm; any projections may have biases
    counts = {}
    for name in ("GlobalSelfAttention", "CausalSelfAttention", "CrossAttention"):
        counts[name] = parameter_count(made(student, name, **SIZES.attention), trained=True)
        # A layer may have norms before and after, and CrossAttention may have one for the context.
        norms = (0, 1, 2) if name == "CrossAttention" else (0, 1)
        allowed = [attention + biases * d + more * 2 * d for more in norms for biases in (4, 0, 1, 2, 3)]
        checks.assert_count(
            counts[name], allowed, f"{name} with d_model={d}", "four d_model × d_model projections and a LayerNorm."
        )
    counts["FeedForward"] = parameter_count(made(student, "FeedForward", d, dff), trained=True)
    checks.assert_count(
        counts["FeedForward"],
        [2 * d * dff + dff + d + 2 * d, 2 * d * dff + dff + d + 4 * d],
        f"FeedForward with d_model={d}, dff={dff}",
        "two linear layers, each with a bias, and a LayerNorm.",
    )
    layers = {
        "Encoder": counts["GlobalSelfAttention"] + counts["FeedForward"],
        "Decoder": counts["CausalSelfAttention"] + counts["CrossAttention"] + counts["FeedForward"],
    }
    for name, layer in layers.items():
        for num_layers in (1, 3):
            sizes = {**STACK, "num_layers": num_layers, "vocab_size": SIZES.vocabulary}
            expected = SIZES.vocabulary * d + num_layers * layer
            stack = made(student, name, **sizes)
            found, allowed = parameter_count(stack, trained=True), [expected, expected + 2 * d]  # a last LayerNorm
            if found not in allowed:
                what = f"{name} with num_layers={num_layers}, d_model={d}, dff={dff}, vocab_size={SIZES.vocabulary}"
                hint = if_not_in_plain_lists(stack, "an embedding and num_layers different layers.")
                checks.assert_count(found, allowed, what, hint)
    last = SIZES.target_vocabulary * d
    expected = (SIZES.vocabulary + SIZES.target_vocabulary) * d + 2 * sum(layers.values()) + last
    total = parameter_count(small_transformer(student), trained=True)
    # The output layer may have a bias, and may share the embedding's weight. Each stack may end with a norm.
    allowed = [
        expected + bias - tied + norms * 2 * d
        for bias in (SIZES.target_vocabulary, 0)
        for tied in (0, last)
        for norms in range(4)
    ]
    checks.assert_count(total, allowed, "Transformer with num_layers=2", "an Encoder, a Decoder and a last nn.Linear.")
    net, other = small_transformer(student), small_transformer(student)
    student.run(worker_functions.draw_weights, net)
    before, trained = net.parameters(), net.shapes(trained=True)
    checks.write_zeros(other)
    assert_true(
        all(is_same(before.get(name), value) for name, value in net.parameters().items() if name in trained),
        "Two Transformers share parameters: writing into one changes the other.",
        "make new layers and embeddings in __init__, for each object.",
    )
    context, tokens = drawn_tokens(rng, 5, 4)
    upstream = checks.drawn_sequence(rng, 2, 4, SIZES.target_vocabulary)
    gradients = net.gradients(context, tokens, upstream=upstream).parameters
    for name, shape in trained.items():
        arrived = gradients.get(name)  # a key's bias has a gradient of 0, because it doesn't change the softmax
        assert_true(
            isinstance(arrived, Tensor) and (len(shape) == 1 or bool((arrived != 0).any())),
            f"No gradient of the Transformer's outputs arrives at {name}.",
            "every layer takes part, and none is under no_grad or detached.",
        )


@weight(2)
@number("5.1s")
def test_count_matmuls(student, rng, fact):
    """count_matmuls gives the matrix products of one inference, as they are counted while one runs."""
    returned = student.transformer.count_matmuls(4, 8)
    if isinstance(returned, int | float | np.integer) and -(10**12) < returned < 10**12:
        name = "matrix products of the notebook's transformer (returned by count_matmuls(4, 8))"
        fact(name, float(returned))
    for num_layers, num_heads in ((1, 1), (2, 3), (4, 8), tuple(int(one) for one in rng.integers(2, 9, size=2))):
        found = student.transformer.count_matmuls(num_layers, num_heads)
        expected = checks.counted_matmuls(num_layers, num_heads)
        given = f"count_matmuls({num_layers}, {num_heads})"
        assert_true(
            isinstance(found, int | float | np.integer | np.floating) and not isinstance(found, bool),
            f"{given} is not a number.",
            "is there a return statement?",
        )
        assert_true(
            float(found) == expected,
            f"{given} is {found}, which is not the number of matrix products of {num_layers} encoder and {num_layers} "
            f"decoder layer{'s' * (num_layers > 1)} with {num_heads} head{'s' * (num_heads > 1)} each.",
            "count per attention layer: three projections, scores and weighted sum for each head, and one output "
            "projection; a decoder layer has two attention layers.",
        )


@weight(2)
@number("5.1t")
@explained_by("5.1p", "5.1r", "5.1j")
def test_it_learns_to_reverse(student, rng, note, measured):
    """A small Transformer of yours learns to reverse sequences and replace each word, in unseen sequences too."""
    length, words, batch, steps, unseen = 4, 6, 96, 160, 200
    make = student.transformer.Transformer
    sizes = {
        **{"num_layers": 1, "d_model": 16, "num_heads": 2, "dff": 32},
        **{"input_vocab_size": words, "target_vocab_size": words, "dropout_rate": 0.0},
    }
    sources = torch.from_numpy(rng.integers(1, words, size=(batch * steps + unseen, length)))
    other_words = 1 + (sources - 1 + int(rng.integers(1, words - 1))) % (words - 1)
    targets = torch.cat([torch.zeros(len(sources), 1, dtype=torch.int64), other_words.flip(1)], dim=1)
    seen = batch * steps
    state = student.run(
        worker_functions.learn_sequences, make, sizes, sources[:seen], targets[:seen], batch, 8e-3, LEARNED
    )
    if not isinstance(state, dict):
        fail("The weights of the trained Transformer could not be read.")
    other = student.fresh()
    net = as_module(other.transformer.Transformer(**sizes), "Transformer")
    net.load_state_dict(state)
    written = as_array(
        other.run(worker_functions.greedy, net, sources[seen:], 0, length), "the sequences", shape=(unseen, length)
    )
    right = float((written == targets[seen:, 1:].numpy()).mean())
    measured("share of right tokens", right, ENOUGH)
    assert_true(
        right >= ENOUGH,
        f"After up to {steps} steps {right:.0%} of the tokens of unseen sequences are right, expected at least "
        f"{ENOUGH:.0%}; guessing gives {1 / (words - 1):.0%}.",
        "if 5.1a to 5.1p pass, this does too; it can't be learned without positions, or with a look ahead.",
    )
    note(f"{right:.0%} of the tokens of {unseen} unseen sequences were right.")
