"""Part 5: attention, feed-forward networks, and encoder and decoder layers, compared with closed forms."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
from gradescope_utils.autograder_utils.decorators import number, weight
from torch import Tensor

from grader import worker_functions
from grader.suites import transformer_checks as checks
from grader.suites.transformer_checks import drawn_tokens, forward, made, small_transformer
from grader.suites.weights_by_shape import ONE_HEAD, SIZES, Sizes, draw_values
from harness.checks import as_array, assert_true, assert_within, explained_by, needs
from harness.host.proxies import Student

RESIDUAL = "LayerNorm(x + …) after the residual, or x + …(LayerNorm(x)) before; the residual is x, the first input."
#: The hint where a layer is right with one head and wrong with several.
SPLIT = (
    "with one head it is right: split by view(N, L, num_heads, d_k).transpose(1, 2), undo both after the attention, "
    "and divide the scores by the square root of one head's d_k."
)


# ---- attention ---------------------------------------------------------------------------------------------


def heads(sizes: Sizes) -> str:
    return "one head" if sizes.num_heads == 1 else f"{sizes.num_heads} heads"


def assert_attention(student: Student, rng: np.random.Generator, name: str, sizes: Sizes, causal: bool = False) -> None:
    """Check that a self-attention layer whose projections are the identity has the closed form."""
    x = checks.drawn_sequence(rng, 2, 5, sizes.d_model)
    checks.assert_closed_form(
        made(student, name, **sizes.attention),
        [x],
        partial(checks.attention_forms, x, None, sizes, causal),
        draw_values(rng, sizes),
        sizes,
        f"{name}'s output with multiples of the identity as projections and {heads(sizes)}",
        SPLIT if sizes.num_heads > 1 else f"softmax(q·kᵀ/√d_model)·v, the output projection, then: {RESIDUAL}",
    )


@weight(2)
@number("5.1e")
def test_global_self_attention(student, rng):
    """In GlobalSelfAttention every position attends to all, in one or several heads, with residual and LayerNorm."""
    assert_attention(student, rng, "GlobalSelfAttention", ONE_HEAD)
    assert_attention(student, rng, "GlobalSelfAttention", SIZES)


@weight(2)
@number("5.1f")
def test_causal_self_attention(student, rng):
    """In CausalSelfAttention a position sees itself and earlier ones only, with residual and LayerNorm."""
    module = made(student, "CausalSelfAttention", **SIZES.attention).eval()
    x = checks.drawn_sequence(rng, 2, 6, SIZES.d_model)
    later = x.clone()
    later[:, 4:] = checks.drawn_sequence(rng, 2, 2, SIZES.d_model)
    one = as_array(
        module(x),
        "CausalSelfAttention's output",
        shape=tuple(x.shape),
        hint="a row of scores that are all -inf becomes NaN: every position sees at least itself. In the bool "
        "attn_mask of nn.MultiheadAttention, True is where a position may not look: triu(1).",
    )
    two = as_array(module(later), "CausalSelfAttention's output", shape=tuple(x.shape))
    assert_within(
        two[:, :4],
        one[:, :4],
        atol=1e-4,
        what="outputs at positions 0 to 3 after positions 4 and 5 of the input changed",
        hint="mask the scores above the diagonal with -inf before the softmax: torch.triu(…, diagonal=1).",
    )
    shorter = as_array(module(x[:, :3]), "CausalSelfAttention's output for 3 positions", shape=(2, 3, SIZES.d_model))
    assert_within(
        shorter,
        one[:, :3],
        atol=1e-4,
        what="outputs for the first three positions alone",
        hint="the mask has the size of the sequence that comes in.",
    )
    assert_attention(student, rng, "CausalSelfAttention", ONE_HEAD, causal=True)
    assert_attention(student, rng, "CausalSelfAttention", SIZES, causal=True)


@weight(2)
@number("5.1g")
def test_cross_attention(student, rng):
    """In CrossAttention positions of x attend to a context of another length, with residual x and LayerNorm."""
    for sizes in (ONE_HEAD, SIZES):
        x, context = (checks.drawn_sequence(rng, 2, length, sizes.d_model) for length in (4, 7))
        checks.assert_closed_form(
            made(student, "CrossAttention", **sizes.attention),
            [x, context],
            partial(checks.attention_forms, x, context, sizes),
            draw_values(rng, sizes),
            sizes,
            f"CrossAttention's output with multiples of the identity as projections and {heads(sizes)}",
            SPLIT if sizes.num_heads > 1 else f"queries from x, keys and values from context; then: {RESIDUAL}",
        )


@weight(1)
@number("5.1h")
@explained_by("5.1e", "5.1k")
def test_residuals_and_norms(student, rng):
    """With all weights 0, attention and feed-forward layers leave the residual: LayerNorm(x), or x itself."""
    x, context = (checks.drawn_sequence(rng, 2, length, SIZES.d_model) for length in (4, 6))

    def forms(*, epsilon: float) -> list[Tensor]:
        return [checks.layer_norm(x.double(), epsilon), x.double()]

    for name in ("GlobalSelfAttention", "CausalSelfAttention", "CrossAttention", "FeedForward"):
        if name == "FeedForward":
            module = made(student, name, SIZES.d_model, SIZES.dff)
        else:
            module = made(student, name, **SIZES.attention)
        inputs = [x, context] if name == "CrossAttention" else [x]
        student.run(worker_functions.draw_weights, module)
        found = as_array(module.eval()(*inputs), f"{name}'s output", shape=tuple(x.shape))
        assert_true(
            checks.OneOf(forms, atol=1e-3).nearest(found).excess > 0,
            f"{name} returns the residual only, whatever its weights are.",
        )
        checks.write_zeros(module)
        checks.assert_one_of(module.eval()(*inputs), forms, f"{name}'s output with all weights 0", RESIDUAL)


@weight(1)
@number("5.1i")
@explained_by("5.1e", "5.1f", "5.1g", "5.1j")
def test_batches_and_order(student, rng):
    """An output depends on its own sequence only, attention treats positions alike, and inputs are unchanged."""
    x, context = (checks.drawn_sequence(rng, 3, length, SIZES.d_model) for length in (4, 6))
    order = torch.from_numpy(rng.permutation(4))
    for name, inputs in (
        ("GlobalSelfAttention", [x]),
        ("CausalSelfAttention", [x]),
        ("CrossAttention", [x, context]),
        ("FeedForward", [x]),
    ):
        sizes = {"d_model": SIZES.d_model, "dff": SIZES.dff} if name == "FeedForward" else SIZES.attention
        module = made(student, name, **sizes).eval()
        student.run(worker_functions.draw_weights, module)
        held = student.hold(x)
        whole = as_array(module(held, *inputs[1:]), f"{name}'s output", shape=tuple(x.shape))
        now = as_array(held.value(), "the input after the call", shape=tuple(x.shape))
        assert_true(
            np.array_equal(as_array(module(*inputs), f"{name}'s output", shape=tuple(x.shape)), whole),
            f"{name} gives two different outputs for the same input after eval().",
            "nn.Dropout knows the mode; F.dropout and F.scaled_dot_product_attention have to be told.",
        )
        hint = "x += … works in place; x = x + … makes a new tensor."
        assert_true(np.array_equal(now, x.numpy()), f"{name} changed the tensor that it was given.", hint)
        if name != "FeedForward":
            changed = [*inputs[:-1], inputs[-1].clone()]
            changed[-1][:, 0] = checks.drawn_sequence(rng, 3, SIZES.d_model)
            other = as_array(module(*changed), f"{name}'s output", shape=tuple(x.shape))
            assert_true(
                float(np.abs(other - whole)[:, 1:].max()) > 1e-5,
                f"{name}'s outputs do not depend on what another position holds.",
                "a position's output is a weighted mean over all that it attends to.",
            )
        alone = as_array(module(*(one[1:2] for one in inputs)), f"{name}'s output", shape=(1, 4, SIZES.d_model))
        assert_within(
            alone[0],
            whole[1],
            atol=1e-4,
            what=f"{name}'s output for one sequence by itself, against the same in a batch",
            hint=checks.BATCH_FIRST,
        )
        if name in ("GlobalSelfAttention", "CrossAttention"):
            permuted = as_array(module(x[:, order], *inputs[1:]), f"{name}'s output", shape=tuple(x.shape))
            assert_within(
                permuted,
                whole[:, order],
                atol=1e-4,
                what=f"{name}'s output for positions in another order",
                hint="attention itself knows no positions: they come with the embedding.",
            )
    memory = checks.drawn_sequence(rng, 3, 6, SIZES.d_model)
    for name, inputs in (("EncoderLayer", [x]), ("DecoderLayer", [x, memory])):
        checks.assert_one_sequence_is_a_batch(made(student, name, **SIZES.layer), name, *inputs)


@weight(1)
@number("5.1j")
@explained_by("5.1r")
def test_dropout(student, rng):
    """All layers of a Transformer have dropout of the given rate in training, and none after eval()."""
    x = checks.drawn_sequence(rng, 2, 6, SIZES.d_model)
    context, tokens = drawn_tokens(rng, 5, 4)

    def outputs(rate: float, training: bool) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        modules = {
            "FeedForward": (made(student, "FeedForward", SIZES.d_model, SIZES.dff, rate), [x]),
            "Transformer": (small_transformer(student, dropout_rate=rate), [context, tokens]),
        }
        found = {}
        for name, (module, inputs) in modules.items():
            student.run(worker_functions.draw_weights, module)
            module.train() if training else module.eval()
            if name == "Transformer":
                checks.transformed(module, context, tokens)
            one = as_array(module(*inputs), f"{name}'s output")
            found[name] = one, as_array(module(*inputs), f"{name}'s output", shape=one.shape)
        return found

    # At least half of 144 features are dropped. Two draws are equal with probability 2^-144 at most.
    for name, (one, two) in outputs(0.5, training=True).items():
        assert_true(
            not np.allclose(one, two, atol=1e-6),
            f"{name} with dropout_rate=0.5 gives the same output twice in training.",
            "nn.Dropout(dropout_rate) comes after the second linear layer of FeedForward; layers pass dropout_rate on.",
        )
    assert_rate_by_default(student, x)
    assert_only_the_residual_is_kept(student, x)
    for name, (one, two) in outputs(0.5, training=False).items():
        assert_true(
            np.array_equal(one, two),
            f"{name}'s outputs for the same input differ after eval().",
            "nn.Dropout knows the mode; F.dropout and F.scaled_dot_product_attention have to be told.",
        )
    for name, (one, two) in outputs(0.0, training=True).items():
        assert_true(
            np.array_equal(one, two),
            f"{name} with dropout_rate=0 gives two different outputs for the same input in training.",
            "pass dropout_rate on to every layer; it is the share that is dropped.",
        )


def assert_only_the_residual_is_kept(student: Student, x: Tensor) -> None:
    """Check that FeedForward's output at a rate of nearly 1 depends on x through the residual only."""
    net = made(student, "FeedForward", SIZES.d_model, SIZES.dff, 1 - 1e-9)
    student.run(worker_functions.draw_weights, net)
    shape = tuple(x.shape)
    with_all = as_array(net.eval()(x), "FeedForward's output", shape=shape)
    net.train()
    one, other = (as_array(net(inputs), "FeedForward's output", shape=shape) for inputs in (x, x.flip(1)))
    assert_true(
        not np.allclose(one, with_all, atol=1e-3),
        "FeedForward with a dropout_rate of nearly 1 gives the same output in training as after eval().",
        "dropout_rate is the share that is dropped, not the share that is kept.",
    )
    assert_true(
        not np.allclose(one, other, atol=1e-3),
        "FeedForward with a dropout_rate of nearly 1 gives one output for two inputs: the residual is dropped too.",
        "dropout comes after the second linear layer and before the sum with x.",
    )


def assert_rate_by_default(student: Student, x: Tensor) -> None:
    """Check that FeedForward has dropout by default. The other classes may require a rate."""
    net = made(student, "FeedForward", SIZES.d_model, SIZES.dff).train()
    one, two = (as_array(net(x), "FeedForward's output", shape=tuple(x.shape)) for _ in range(2))
    # A tenth of 144 features is dropped. Two draws are equal with probability below 0.82^144 < 1e-12.
    assert_true(
        not np.allclose(one, two, atol=1e-6),
        "FeedForward without a dropout_rate gives the same output twice in training.",
        "the rate is 0.1 where none is given.",
    )


# ---- feed-forward, layers ----------------------------------------------------------------------------------


@weight(2)
@number("5.1k")
def test_feed_forward(student, rng):
    """FeedForward computes linear, ReLU, linear, residual and LayerNorm; its weights are drawn here."""
    values = draw_values(rng)
    x = checks.drawn_sequence(rng, 2, 5, SIZES.d_model)
    checks.assert_closed_form(
        made(student, "FeedForward", SIZES.d_model, SIZES.dff),
        [x],
        partial(checks.feed_forward_forms, x, values),
        values,
        SIZES,
        "FeedForward's output",
        f"linear to dff, ReLU, linear back to d_model, each with a bias, dropout; then: {RESIDUAL}",
    )


@weight(1)
@number("5.1l")
@needs("5.1e", "5.1k")
def test_encoder_layer(student, rng):
    """EncoderLayer is your GlobalSelfAttention followed by your FeedForward."""
    values = draw_values(rng)
    x = checks.drawn_sequence(rng, 2, 5, SIZES.d_model)
    attention = checks.write_values(made(student, "GlobalSelfAttention", **SIZES.attention), values, SIZES)
    feed_forward = checks.write_values(made(student, "FeedForward", SIZES.d_model, SIZES.dff), values, SIZES)
    layer = checks.write_values(made(student, "EncoderLayer", **SIZES.layer), values, SIZES)
    expected = forward(feed_forward, forward(attention, x, what="attention"), what="FeedForward's output")
    checks.assert_one_of(
        layer(x),
        lambda epsilon: [expected.double()],
        "EncoderLayer's output, against GlobalSelfAttention and FeedForward with the same weights",
        "first the attention, then the feed-forward network, each once.",
    )


@weight(1)
@number("5.1m")
@needs("5.1f", "5.1g", "5.1k")
def test_decoder_layer(student, rng):
    """DecoderLayer is your CausalSelfAttention, your CrossAttention to the context, and your FeedForward."""
    values = draw_values(rng)
    x, context = (checks.drawn_sequence(rng, 2, length, SIZES.d_model) for length in (4, 6))
    causal = checks.write_values(made(student, "CausalSelfAttention", **SIZES.attention), values, SIZES)
    cross = checks.write_values(made(student, "CrossAttention", **SIZES.attention), values, SIZES)
    feed_forward = checks.write_values(made(student, "FeedForward", SIZES.d_model, SIZES.dff), values, SIZES)
    layer = checks.write_values(made(student, "DecoderLayer", **SIZES.layer), values, SIZES)
    seen = forward(causal, x, what="CausalSelfAttention's output")
    expected = forward(feed_forward, forward(cross, seen, context, what="CrossAttention's output"), what="FeedForward")
    checks.assert_one_of(
        layer(x, context),
        lambda epsilon: [expected.double()],
        "DecoderLayer's output, against its three layers with the same weights",
        "causal self-attention of x, then cross-attention to context, then the feed-forward network.",
    )
