"""Part 5: the transformer, layer by layer, by closed forms; then the whole, by what it can learn."""

from __future__ import annotations

import numpy as np
import torch
from gradescope_utils.autograder_utils.decorators import number, weight
from torch import Tensor

from grader.sandbox.proxies import RemoteModule, Student
from grader.suites import transformer_checks as checks
from grader.suites.checks import as_array, as_module, assert_true, assert_within, fail, heat_maps, needs
from grader.suites.transformer_checks import ONE_HEAD, SIZES, Sizes, made

#: Of the tokens of unseen sequences, after the drill of 5.1t. Measured on 25 right variants with 6 seeds each: 0.92 or
#: more; with a look ahead 0.65 or less.
ENOUGH = 0.8
RESIDUAL = "LayerNorm(x + …) after the residual, or x + …(LayerNorm(x)) before; the residual is x, the first input."


# ---- the positional encoding -------------------------------------------------------------------------------


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
    """The output is s·E[token] + encoding, where s may be 1 or √d_model, for an embedding matrix E drawn here."""
    values = checks.draw_values(rng)
    given = {} if max_len is None else {"max_len": max_len}
    module = made(student, "PositionalEmbedding", SIZES.vocabulary, SIZES.d_model, **given)
    shapes = [tuple(value.shape) for value in module.parameters().values()]
    assert_true(
        (SIZES.vocabulary, SIZES.d_model) in shapes,
        f"PositionalEmbedding({SIZES.vocabulary}, {SIZES.d_model}) has no parameter of that shape, but {shapes}.",
        "use nn.Embedding(vocab_size, d_model).",
    )
    checks.write_values(module, values, SIZES)
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


# ---- attention ---------------------------------------------------------------------------------------------


def heads(sizes: Sizes) -> str:
    return "one head" if sizes.num_heads == 1 else f"{sizes.num_heads} heads"


def assert_attention(student: Student, rng: np.random.Generator, name: str, sizes: Sizes, causal: bool = False) -> None:
    """A self-attention layer whose projections are the identity has the closed form."""
    x = checks.drawn_sequence(rng, 2, 5, sizes.d_model)
    checks.assert_closed_form(
        made(student, name, **sizes.attention),
        [x],
        list(checks.attention_forms(x, None, sizes, causal)),
        checks.draw_values(rng, sizes),
        sizes,
        f"{name}'s output with multiples of the identity as projections and {heads(sizes)}",
        f"softmax(q·kᵀ/√(d_model/num_heads))·v in each head, the output projection, then: {RESIDUAL}",
    )


@weight(2)
@number("5.1e")
def test_global_self_attention(student, rng):
    """GlobalSelfAttention: every position attends to all, in one head and in several; residual and LayerNorm."""
    assert_attention(student, rng, "GlobalSelfAttention", ONE_HEAD)
    assert_attention(student, rng, "GlobalSelfAttention", SIZES)


@weight(2)
@number("5.1f")
def test_causal_self_attention(student, rng):
    """CausalSelfAttention: a position sees itself and earlier ones only; residual and LayerNorm."""
    module = made(student, "CausalSelfAttention", **SIZES.attention).eval()
    x = checks.drawn_sequence(rng, 2, 6, SIZES.d_model)
    later = x.clone()
    later[:, 4:] = checks.drawn_sequence(rng, 2, 2, SIZES.d_model)
    one = as_array(
        module(x),
        "CausalSelfAttention's output",
        shape=tuple(x.shape),
        hint="a row of scores that are all -inf becomes NaN: every position sees at least itself.",
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
    """CrossAttention: positions of x attend to those of the context, of another length; residual of x, LayerNorm."""
    for sizes in (ONE_HEAD, SIZES):
        x, context = (checks.drawn_sequence(rng, 2, length, sizes.d_model) for length in (4, 7))
        checks.assert_closed_form(
            made(student, "CrossAttention", **sizes.attention),
            [x, context],
            list(checks.attention_forms(x, context, sizes)),
            checks.draw_values(rng, sizes),
            sizes,
            f"CrossAttention's output with multiples of the identity as projections and {heads(sizes)}",
            f"queries from x, keys and values from context; then: {RESIDUAL}",
        )


@weight(1)
@number("5.1h")
def test_residuals_and_norms(student, rng):
    """With all weights 0, attention and feed-forward layers leave the residual: LayerNorm(x), or x itself."""
    x, context = (checks.drawn_sequence(rng, 2, length, SIZES.d_model) for length in (4, 6))
    forms = [checks.layer_norm(x.double()), x.double()]
    for name in ("GlobalSelfAttention", "CausalSelfAttention", "CrossAttention", "FeedForward"):
        if name == "FeedForward":
            module = made(student, name, SIZES.d_model, SIZES.dff)
        else:
            module = made(student, name, **SIZES.attention)
        inputs = [x, context] if name == "CrossAttention" else [x]
        student.drill("draw_weights", module)
        found = as_array(module.eval()(*inputs), f"{name}'s output", shape=tuple(x.shape))
        assert_true(
            all(float(np.abs(found - form.numpy()).max()) > 1e-3 for form in forms),
            f"{name} leaves the residual alone, whatever its weights are.",
        )
        checks.write_zeros(module)
        checks.assert_one_of(module.eval()(*inputs), forms, f"{name}'s output with all weights 0", RESIDUAL)


@weight(1)
@number("5.1i")
def test_batches_and_order(student, rng):
    """An output depends on its own sequence alone, attention treats positions alike, and inputs stay as they are."""
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
        student.drill("draw_weights", module)
        held = student.hold(x)
        whole = as_array(module(held, *inputs[1:]), f"{name}'s output", shape=tuple(x.shape))
        now = as_array(held.value(), "the input after the call", shape=tuple(x.shape))
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
            hint="sequences come first by batch: nn.MultiheadAttention needs batch_first=True.",
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


@weight(1)
@number("5.1j")
def test_dropout(student, rng):
    """Dropout has the given rate, in all layers of a Transformer: in training, and not at all after eval()."""
    x = checks.drawn_sequence(rng, 2, 6, SIZES.d_model)
    context, tokens = drawn_tokens(rng, 5, 4)

    def outputs(rate: float, training: bool) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        modules = {
            "FeedForward": (made(student, "FeedForward", SIZES.d_model, SIZES.dff, rate), [x]),
            "Transformer": (small_transformer(student, dropout_rate=rate), [context, tokens]),
        }
        found = {}
        for name, (module, inputs) in modules.items():
            student.drill("draw_weights", module)
            module.train() if training else module.eval()
            one, two = (as_array(module(*inputs), f"{name}'s output") for _ in range(2))
            found[name] = one, two
        return found

    # Half of 144 features, or more, are dropped: the same ones twice with a probability of 2^-144.
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
    """At a rate of nearly 1, FeedForward gives what depends on x by the residual alone."""
    net = made(student, "FeedForward", SIZES.d_model, SIZES.dff, 1 - 1e-9)
    student.drill("draw_weights", net)
    with_all = as_array(net.eval()(x), "FeedForward's output")
    net.train()
    one, other = (as_array(net(inputs), "FeedForward's output") for inputs in (x, x.flip(1)))
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
    """Where no rate is given, FeedForward drops something. The other classes may insist on being given one."""
    net = made(student, "FeedForward", SIZES.d_model, SIZES.dff).train()
    one, two = (as_array(net(x), "FeedForward's output") for _ in range(2))
    # Of 144 features a tenth is dropped: that the same ones are dropped twice has a probability below 0.82^144 < 1e-12.
    assert_true(
        not np.allclose(one, two, atol=1e-6),
        "FeedForward without a dropout_rate gives the same output twice in training.",
        "the rate is 0.1 where none is given.",
    )


# ---- feed-forward, layers ----------------------------------------------------------------------------------


@weight(2)
@number("5.1k")
def test_feed_forward(student, rng):
    """FeedForward: linear, ReLU, linear, residual, LayerNorm, with drawn weights."""
    values = checks.draw_values(rng)
    x = checks.drawn_sequence(rng, 2, 5, SIZES.d_model)
    checks.assert_closed_form(
        made(student, "FeedForward", SIZES.d_model, SIZES.dff),
        [x],
        list(checks.feed_forward_forms(x, values)),
        values,
        SIZES,
        "FeedForward's output",
        f"linear to dff, ReLU, linear back to d_model, each with a bias, dropout; then: {RESIDUAL}",
    )


def forward(module: RemoteModule, *inputs: Tensor, what: str) -> Tensor:
    """An output that is the next one's input; the same shape as the first input."""
    return torch.from_numpy(as_array(module(*inputs), what, shape=tuple(inputs[0].shape), dtype="float32"))


@weight(1)
@number("5.1l")
@needs("5.1e", "5.1k")
def test_encoder_layer(student, rng):
    """EncoderLayer is your GlobalSelfAttention followed by your FeedForward."""
    values = checks.draw_values(rng)
    x = checks.drawn_sequence(rng, 2, 5, SIZES.d_model)
    attention = checks.write_values(made(student, "GlobalSelfAttention", **SIZES.attention), values, SIZES)
    feed_forward = checks.write_values(made(student, "FeedForward", SIZES.d_model, SIZES.dff), values, SIZES)
    layer = checks.write_values(made(student, "EncoderLayer", **SIZES.layer), values, SIZES)
    expected = forward(feed_forward, forward(attention, x, what="attention"), what="FeedForward's output")
    checks.assert_one_of(
        layer(x),
        [expected.double()],
        "EncoderLayer's output, against GlobalSelfAttention and FeedForward with the same weights",
        "first the attention, then the feed-forward network, each once.",
    )


@weight(1)
@number("5.1m")
@needs("5.1f", "5.1g", "5.1k")
def test_decoder_layer(student, rng):
    """DecoderLayer is your CausalSelfAttention, your CrossAttention to the context, and your FeedForward."""
    values = checks.draw_values(rng)
    x, context = (checks.drawn_sequence(rng, 2, length, SIZES.d_model) for length in (4, 6))
    causal = checks.write_values(made(student, "CausalSelfAttention", **SIZES.attention), values, SIZES)
    cross = checks.write_values(made(student, "CrossAttention", **SIZES.attention), values, SIZES)
    feed_forward = checks.write_values(made(student, "FeedForward", SIZES.d_model, SIZES.dff), values, SIZES)
    layer = checks.write_values(made(student, "DecoderLayer", **SIZES.layer), values, SIZES)
    seen = forward(causal, x, what="CausalSelfAttention's output")
    expected = forward(feed_forward, forward(cross, seen, context, what="CrossAttention's output"), what="FeedForward")
    checks.assert_one_of(
        layer(x, context),
        [expected.double()],
        "DecoderLayer's output, against its three layers with the same weights",
        "causal self-attention of x, then cross-attention to context, then the feed-forward network.",
    )


# ---- encoder, decoder --------------------------------------------------------------------------------------


def drawn_tokens(rng: np.random.Generator, source: int, target: int, batch: int = 2) -> tuple[Tensor, Tensor]:
    """Tokens of both vocabularies, the last token of each among them."""
    context = torch.from_numpy(rng.integers(0, SIZES.vocabulary, size=(batch, source)))
    tokens = torch.from_numpy(rng.integers(0, SIZES.target_vocabulary, size=(batch, target)))
    context[0, 0], tokens[0, 0] = SIZES.vocabulary - 1, SIZES.target_vocabulary - 1
    return context, tokens


STACK = {"num_layers": 2, "d_model": SIZES.d_model, "num_heads": SIZES.num_heads, "dff": SIZES.dff}


@weight(1)
@number("5.1n")
@needs("5.1c", "5.1l")
def test_encoder(student, rng):
    """Encoder is your PositionalEmbedding followed by num_layers of your EncoderLayer."""
    values = checks.draw_values(rng)
    context, _ = drawn_tokens(rng, 6, 4)
    embedding = made(student, "PositionalEmbedding", SIZES.vocabulary, SIZES.d_model)
    checks.write_values(embedding, values, SIZES)
    layer = checks.write_values(made(student, "EncoderLayer", **SIZES.layer), values, SIZES)
    encoder = checks.write_values(made(student, "Encoder", vocab_size=SIZES.vocabulary, **STACK), values, SIZES)
    x = torch.from_numpy(as_array(embedding(context), "the embedding", shape=(2, 6, SIZES.d_model), dtype="float32"))
    expected = forward(layer, forward(layer, x, what="EncoderLayer's output"), what="EncoderLayer's output")
    checks.assert_one_of(
        encoder(context),
        [expected.double(), checks.layer_norm(expected.double())],
        "the output of an Encoder of two layers, against its parts with the same weights",
        "embedding with positions first, then each layer on the output of the one before.",
    )


@weight(1)
@number("5.1o")
@needs("5.1c", "5.1m")
def test_decoder(student, rng):
    """Decoder is your PositionalEmbedding followed by num_layers of your DecoderLayer, each with the context."""
    values = checks.draw_values(rng)
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
        [x.double(), checks.layer_norm(x.double())],
        "the output of a Decoder of two layers, against its parts with the same weights",
        "embedding with positions first, then each layer on the output of the one before, all with the same context.",
    )


# ---- the whole ---------------------------------------------------------------------------------------------


def small_transformer(student: Student, **changes: float) -> RemoteModule:
    vocabularies = {"input_vocab_size": SIZES.vocabulary, "target_vocab_size": SIZES.target_vocabulary}
    return made(student, "Transformer", **{**STACK, **vocabularies, **changes})


def as_logits(value: object, what: str, shape: tuple[int, ...]) -> np.ndarray:
    """An output up to a constant by position: probabilities become their logarithms.

    Raises:
        CheckFailure: probabilities whose sum over the vocabulary is not 1.
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
@needs("5.1n", "5.1o")
def test_transformer(student, rng):
    """Transformer(context, x) is your Encoder, your Decoder and a last linear layer, as logits or probabilities."""
    values = checks.draw_values(rng)
    context, tokens = drawn_tokens(rng, 6, 4)
    encoder = checks.write_values(made(student, "Encoder", vocab_size=SIZES.vocabulary, **STACK), values, SIZES)
    decoder = checks.write_values(made(student, "Decoder", vocab_size=SIZES.target_vocabulary, **STACK), values, SIZES)
    net = checks.write_values(small_transformer(student), values, SIZES)
    shape = (2, 4, SIZES.target_vocabulary)
    found = as_logits(net(context, tokens), "the Transformer's outputs", shape)
    encoded = torch.from_numpy(as_array(encoder(context), "the Encoder's output", shape=(2, 6, SIZES.d_model)))
    forms = []
    for memory in (encoded, checks.layer_norm(encoded)):  # a last norm may be part of the Transformer
        decoded = torch.from_numpy(as_array(decoder(tokens, memory), "the Decoder's output", (2, 4, SIZES.d_model)))
        forms += [one.double() @ values.target_embedding.T for one in (decoded, checks.layer_norm(decoded))]
    logits = [np.asarray(form - form.mean(-1, keepdim=True)) for form in forms]
    assert_within(
        found,
        min(logits, key=lambda form: float(np.abs(found - form).max())),
        atol=2e-2,
        what="the Transformer's outputs, against its parts with the same weights",
        hint="encoder(context), then decoder(x, encoded), then Linear(d_model, target_vocab_size).",
    )


@weight(1)
@number("5.1q")
def test_the_handouts_sizes(student, rng):
    """The handout's sizes work: 4 layers, d_model 512, 8 heads, dff 2048, 8000 and 8001 words, lengths 201 and 200."""
    net = made(
        student,
        "Transformer",
        num_layers=4,
        d_model=512,
        num_heads=8,
        dff=2048,
        input_vocab_size=8000,
        target_vocab_size=8001,
    )
    # One sequence where the handout has 64: the same shapes, and seconds instead of minutes.
    context = torch.from_numpy(rng.integers(0, 8000, size=(1, 201)))
    tokens = torch.from_numpy(rng.integers(0, 8001, size=(1, 200)))
    tokens[0, 0] = 8000
    found = as_array(net.eval()(context, tokens), "The Transformer's output", shape=(1, 200, 8001), dtype="float32")
    as_logits(found, "the Transformer's outputs", (1, 200, 8001))


@weight(2)
@number("5.1r")
def test_parameters(student, rng):
    """Layers have the right number of trained parameters, each of num_layers its own, and all get a gradient."""
    d, dff = SIZES.d_model, SIZES.dff
    attention = 4 * d * d + 2 * d  # four projections and a LayerNorm; biases of none, some or all projections
    counts = {}
    for name in ("GlobalSelfAttention", "CausalSelfAttention", "CrossAttention"):
        counts[name] = checks.trainable_count(student, made(student, name, **SIZES.attention))
        # There may be a norm before and one after, and CrossAttention may normalise the context by one of its own.
        norms = (0, 1, 2) if name == "CrossAttention" else (0, 1)
        allowed = [attention + biases * d + more * 2 * d for more in norms for biases in (4, 0, 1, 2, 3)]
        checks.assert_count(
            counts[name], allowed, f"{name} with d_model={d}", "four d_model × d_model projections and a LayerNorm."
        )
    counts["FeedForward"] = checks.trainable_count(student, made(student, "FeedForward", d, dff))
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
            checks.assert_count(
                checks.trainable_count(student, made(student, name, **sizes)),
                [expected, expected + 2 * d],  # a last LayerNorm of its own is fine
                f"{name} with num_layers={num_layers}, d_model={d}, dff={dff}, vocab_size={SIZES.vocabulary}",
                "an embedding and num_layers different layers, kept in an nn.ModuleList: a list registers nothing.",
            )
    last = SIZES.target_vocabulary * d
    expected = (SIZES.vocabulary + SIZES.target_vocabulary) * d + 2 * sum(layers.values()) + last
    total = checks.trainable_count(student, small_transformer(student))
    # The last layer with a bias or without, with the embedding's weight or its own; last norms in none, one or both.
    allowed = [
        expected + bias - tied + norms * 2 * d
        for bias in (SIZES.target_vocabulary, 0)
        for tied in (0, last)
        for norms in range(4)
    ]
    checks.assert_count(total, allowed, "Transformer with num_layers=2", "an Encoder, a Decoder and a last nn.Linear.")
    net = small_transformer(student)
    student.drill("draw_weights", net)
    context, tokens = drawn_tokens(rng, 5, 4)
    upstream = checks.drawn_sequence(rng, 2, 4, SIZES.target_vocabulary)
    gradients = net.gradients(context, tokens, upstream=upstream).parameters
    flags = student.drill("trainable", net)
    for name, value in net.parameters().items():
        if flags.get(name) is True:
            arrived = gradients.get(name)  # that of a key's bias is 0, which the softmax takes out
            assert_true(
                isinstance(arrived, Tensor) and (value.ndim == 1 or bool((arrived != 0).any())),
                f"No gradient of the Transformer's outputs arrives at {name}.",
                "every layer takes part, and none is under no_grad or detached.",
            )


@weight(2)
@number("5.1s")
def test_count_matmuls(student, rng):
    """count_matmuls gives the matrix products of one inference, as they are counted while one runs."""
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
def test_it_learns_to_reverse(student, rng, note, measured):
    """A small Transformer of yours learns to reverse sequences and replace each word by another, also unseen ones."""
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
    state = student.drill("learn_sequences", make, sizes, sources[:seen], targets[:seen], batch, 8e-3)
    if not isinstance(state, dict):
        fail("The weights of the trained Transformer could not be read.")
    other = student.fresh()
    net = as_module(other.transformer.Transformer(**sizes), "Transformer")
    net.load_state_dict(state)
    written = as_array(other.drill("greedy", net, sources[seen:], 0, length), "the sequences", shape=(unseen, length))
    right = float((written == targets[seen:, 1:].numpy()).mean())
    measured("share of right tokens", right, ENOUGH)
    assert_true(
        right >= ENOUGH,
        f"After {steps} steps {right:.0%} of the tokens of unseen sequences are right, expected at least {ENOUGH:.0%}; "
        f"guessing gives {1 / (words - 1):.0%}.",
        "where 5.1a to 5.1p pass, this does too; without positions or with a look ahead it can't be learned.",
    )
    note(f"{right:.0%} of the tokens of {unseen} unseen sequences were right.")
