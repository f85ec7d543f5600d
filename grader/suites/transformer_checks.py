"""Shared checks of part 5: closed forms, the positional encoding, and counts.

With the weights that :mod:`grader.suites.weights_by_shape` writes, each layer's output has a closed form, which this
module computes in float64. Layers can be correct in several ways: normalising before or after, heads of neighbouring
features or of every h-th feature, projections in any order. Each way has its form, and one form has to match.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, partial
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from grader.suites.weights_by_shape import CONSTANTS, SIZES, Layout, Sizes, Values, filled, is_scale, layouts_of
from harness.checks import CheckFailure, as_array, as_module, assert_true, assert_within, fail
from harness.host.failures import StudentError
from harness.host.proxies import RemoteModule, Student


def drawn_sequence(rng: np.random.Generator, *shape: int) -> Tensor:
    return torch.from_numpy(rng.normal(size=shape).astype(np.float32))


def write_zeros(module: RemoteModule) -> None:
    """Set every weight of two or more dimensions, and every bias, to 0; scales of norms stay 1."""
    module.write({name: torch.zeros_like(old) for name, old in module.parameters().items() if not is_scale(old)})


# ---- closed forms ------------------------------------------------------------------------------------------


#: LayerNorm's ε in PyTorch, and in Keras, the largest in use. It matters if a position's features are nearly equal.
EPSILON, LARGE_EPSILON = 1e-5, 1e-3

#: The allowed deviation of an output from its form. Values have size 1 to 4, and the rounding of a few float32 sums is
#: below 1e-5 of that. The outputs of wrong networks are off by tenths.
ATOL = 5e-3


def layer_norm(x: Tensor, epsilon: float = EPSILON) -> Tensor:
    return functional.layer_norm(x, x.shape[-1:], eps=epsilon)


def attend(
    x: Tensor, context: Tensor, sizes: Sizes, scale: float, strided: bool = False, causal: bool = False
) -> Tensor:
    """Multi-head attention (Vaswani et al., section 3.2.2) whose projections are multiples of the identity.

    Args:
        x: (N, L, d_model) the queries.
        context: (N, L', d_model) the keys and values.
        scale: the product of the query's and the key's constant. The caller multiplies the result by the others.
        strided: each head has every h-th feature, instead of neighbouring ones.
        causal: a position attends to itself and earlier positions only.

    Returns:
        (N, L, d_model) float64.
    """

    def split(values: Tensor) -> Tensor:
        batch, length, _ = values.shape
        if strided:
            return values.reshape(batch, length, sizes.head, sizes.num_heads).permute(0, 3, 1, 2)
        return values.reshape(batch, length, sizes.num_heads, sizes.head).transpose(1, 2)

    q, k, v = split(x), split(context), split(context)
    scores = scale * q @ k.transpose(-1, -2) / sizes.head**0.5
    if causal:
        scores = scores.masked_fill(torch.ones_like(scores, dtype=torch.bool).triu(1), -torch.inf)
    out = scores.softmax(-1) @ v  # (N, h, L, head)
    return (out.permute(0, 2, 3, 1) if strided else out.transpose(1, 2)).reshape(x.shape)


def attention_forms(
    x: Tensor, context: Tensor | None, sizes: Sizes, causal: bool = False, epsilon: float = EPSILON
) -> Iterator[Tensor]:
    """Yield the allowed outputs of an attention layer with residual and LayerNorm before it, after it, or both.

    Any two of the four constants may belong to the query and the key.
    """
    x = x.double()
    norm = partial(layer_norm, epsilon=epsilon)
    normed = norm(x)
    groupings = (False, True) if sizes.num_heads > 1 else (False,)
    for (i, j), strided in itertools.product(itertools.combinations(range(4), 2), groupings):
        scale = CONSTANTS[i] * CONSTANTS[j]
        factor = float(np.prod(CONSTANTS)) / scale

        def f(query: Tensor, source: Tensor, scale: float = scale, strided: bool = strided) -> Tensor:
            return attend(query, source, sizes, scale, strided, causal)

        sources = (x, normed) if context is None else (context.double(), norm(context.double()))
        yield norm(x + factor * f(x, sources[0]))
        for source in sources[1:] if context is None else sources:
            yield x + factor * f(normed, source)
            yield norm(x + factor * f(normed, source))


def feed_forward_forms(x: Tensor, values: Values, epsilon: float = EPSILON) -> Iterator[Tensor]:
    """Yield the allowed outputs of a feed-forward layer with residual and LayerNorm (Vaswani et al., section 3.3)."""
    x = x.double()
    norm = partial(layer_norm, epsilon=epsilon)

    def f(inputs: Tensor) -> Tensor:
        return functional.relu(inputs @ values.expand.T + values.expand_bias) @ values.reduce.T

    yield norm(x + f(x))
    yield x + f(norm(x))
    yield norm(x + f(norm(x)))


class Forms(Protocol):
    """A function that returns the allowed outputs, each (N, L, features) float64, for a LayerNorm with a given ε."""

    def __call__(self, *, epsilon: float) -> Iterable[Tensor]: ...


class Nearest(NamedTuple):
    """The form that is nearest to an output."""

    expected: np.ndarray
    allowed: np.ndarray
    """The allowed deviation of each element."""
    excess: float
    """The largest deviation beyond ``allowed``. If it is 0 or less, the output has this form."""


class OneOf:
    """The forms that are correct for one output.

    An ε between PyTorch's and Keras's moves a form at most as far as Keras's. At positions whose features have a small
    variance that exceeds ``atol``, so the tolerance is wider by this movement.
    """

    def __init__(self, forms: Forms, atol: float = ATOL) -> None:
        self.atol = atol
        self.forms = cache(lambda epsilon: [form.numpy() for form in forms(epsilon=epsilon)])

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.forms(EPSILON)[0].shape)

    def nearest(self, values: np.ndarray) -> Nearest:
        """Return the form that is nearest to an output of :attr:`shape`."""
        expected = self.forms(EPSILON)
        found = self._nearest(values, [self.atol + 0 * form for form in expected])
        if found.excess <= 0:
            return found
        moved = [np.abs(form - other) for form, other in zip(expected, self.forms(LARGE_EPSILON), strict=True)]
        return self._nearest(values, [self.atol + one for one in moved])

    def _nearest(self, values: np.ndarray, allowed: Sequence[np.ndarray]) -> Nearest:
        pairs = zip(self.forms(EPSILON), allowed, strict=True)
        fits = [Nearest(form, wide, float((np.abs(values - form) - wide).max())) for form, wide in pairs]
        return min(fits, key=lambda fit: fit.excess)

    def assert_is(self, values: np.ndarray, what: str, hint: str) -> None:
        """Check that an output is one of the forms. The failure compares it with the nearest form."""
        nearest = self.nearest(values)
        assert_within(values, nearest.expected, atol=nearest.allowed, what=what, hint=hint)


def assert_one_of(found: Any, forms: Forms, what: str, hint: str) -> None:
    """Check that a module's output is one of the closed forms."""
    right = OneOf(forms)
    right.assert_is(as_array(found, what, shape=right.shape, dtype="float32"), what, hint)


def assert_closed_form(
    module: RemoteModule,
    inputs: Sequence[Tensor],
    forms: Forms,
    values: Values,
    sizes: Sizes,
    what: str,
    hint: str,
) -> None:
    """Check that the module gives one of the forms, with weights written by shape in one of the possible layouts."""
    parameters = module.parameters()
    right = OneOf(forms)
    outputs = []
    module.eval()
    for layout in layouts_of(parameters, sizes):
        module.write(filled(parameters, values, sizes, layout))
        outputs.append(as_array(module(*inputs), what, shape=right.shape, dtype="float32"))
        if right.nearest(outputs[-1]).excess <= 0:
            break
    else:
        _assert_is_repeatable(module, inputs, outputs[-1], what)
        _assert_sequences_are_apart(module, inputs, outputs[-1], what)
        if any(right.nearest(_without_bessel(output)).excess <= 0 for output in outputs):
            hint = BESSEL
    right.assert_is(min(outputs, key=lambda output: right.nearest(output).excess), what, hint)


#: The hint for a module that mixes up the sequences of a batch.
BATCH_FIRST = "an input is (N, L, d_model), the batch first: nn.MultiheadAttention needs batch_first=True for that."


BESSEL = (
    "it is right except for a factor: LayerNorm divides by the standard deviation of all d features, "
    "x.var(-1, unbiased=False), and not by that of a sample, over d − 1."
)


def _without_bessel(output: np.ndarray) -> np.ndarray:
    """Return what a normalized output would be if its variance had been taken over d features, not over d − 1."""
    features = output.shape[-1]
    return np.asarray(output * math.sqrt(features / (features - 1)))


def _assert_is_repeatable(module: RemoteModule, inputs: Sequence[Tensor], output: np.ndarray, what: str) -> None:
    """Check that a wrong output doesn't come from dropout after eval()."""
    again = as_array(module(*inputs), what, shape=output.shape)
    assert_true(
        np.allclose(again, output, atol=1e-5),
        f"{what} differs from one call to the next after eval().",
        "nn.Dropout knows the mode; F.dropout and F.scaled_dot_product_attention have to be told.",
    )


def _assert_sequences_are_apart(module: RemoteModule, inputs: Sequence[Tensor], output: np.ndarray, what: str) -> None:
    """Check that a wrong output doesn't come from a module that confuses length and batch."""
    other = [torch.cat([one[:1], one[1:].flip(0) + 1]) for one in inputs]
    changed = as_array(module(*other), what, shape=output.shape)
    assert_within(
        changed[0],
        output[0],
        atol=1e-4,
        what=f"{what}, of the first sequence, after another sequence of the batch was changed",
        hint=BATCH_FIRST,
    )


def write_values(module: RemoteModule, values: Values, sizes: Sizes) -> RemoteModule:
    """Write weights by shape, and switch to evaluation."""
    module.write(filled(module.parameters(), values, sizes, Layout()))
    return module.eval()


def made(student: Student, name: str, *args: Any, **kwargs: Any) -> RemoteModule:
    """Make an object of one of the student's classes."""
    given = [repr(arg) for arg in args] + [f"{key}={value!r}" for key, value in kwargs.items()]
    return as_module(getattr(student.transformer, name)(*args, **kwargs), f"{name}({', '.join(given)})")


#: The arguments of a stack of layers, besides its vocabulary.
STACK = {"num_layers": 2, "d_model": SIZES.d_model, "num_heads": SIZES.num_heads, "dff": SIZES.dff}


def small_transformer(student: Student, **changes: float) -> RemoteModule:
    """Make a Transformer of two layers with ``SIZES``."""
    vocabularies = {"input_vocab_size": SIZES.vocabulary, "target_vocab_size": SIZES.target_vocabulary}
    return made(student, "Transformer", **{**STACK, **vocabularies, **changes})


def drawn_tokens(rng: np.random.Generator, source: int, target: int, batch: int = 2) -> tuple[Tensor, Tensor]:
    """Draw (batch, source) and (batch, target) int64 tokens, which include the last token of each vocabulary."""
    context = torch.from_numpy(rng.integers(0, SIZES.vocabulary, size=(batch, source)))
    tokens = torch.from_numpy(rng.integers(0, SIZES.target_vocabulary, size=(batch, target)))
    context[0, 0], tokens[0, 0] = SIZES.vocabulary - 1, SIZES.target_vocabulary - 1
    return context, tokens


def transformed(net: RemoteModule, context: Tensor, tokens: Tensor) -> Any:
    """Call a Transformer. If it fails, and works with exchanged inputs, the failure says so."""
    try:
        return net(context, tokens)
    except StudentError as error:
        try:
            net(tokens, context)  # tokens has words that the context's vocabulary lacks
        except StudentError:
            raise error from None
        fail(error.finding, "it works with the two exchanged: forward takes the context first, then x.", cause=error)


def forward(module: RemoteModule, *inputs: Tensor, what: str) -> Tensor:
    """Call a module, and check that its output has the shape of the first input."""
    return torch.from_numpy(as_array(module(*inputs), what, shape=tuple(inputs[0].shape), dtype="float32"))


def assert_one_sequence_is_a_batch(module: RemoteModule, name: str, *inputs: Tensor) -> None:
    """Check that a batch of one sequence keeps its batch dimension."""
    whole = as_array(module.eval()(*inputs), f"{name}'s output")
    one = module(*(values[:1] for values in inputs))
    as_array(one, f"{name}'s output for one sequence", shape=(1, *whole.shape[1:]))


# ---- the positional encoding -------------------------------------------------------------------------------


def angles(length: int, depth: int) -> np.ndarray:
    """Return pos / 10000^(2i/depth) as (length, depth/2) float64 (Vaswani et al., section 3.5)."""
    return np.asarray(np.arange(length)[:, None] / 10000.0 ** (np.arange(0, depth, 2) / depth))


def interleaved(length: int, depth: int) -> np.ndarray:
    """Return the encoding with sines in even and cosines in odd columns, (length, depth) float64."""
    found = angles(length, depth)
    return np.stack([np.sin(found), np.cos(found)], axis=-1).reshape(length, depth)


def in_halves(length: int, depth: int) -> np.ndarray:
    """Return the encoding with all sines before all cosines, which is the same up to the order of columns."""
    found = angles(length, depth)
    return np.concatenate([np.sin(found), np.cos(found)], axis=1)


def encoding_tolerance(length: int) -> np.ndarray:
    """Return the allowed float32 error of each position, (length, 1) float64.

    A frequency is a power, or exp(−2i/depth · ln 10000). This exponent is at most 9.2, with a relative error of 2^-24.
    A few more roundings give 16 · 2^-24 for the frequency. The angle is the frequency times the position.
    """
    return 16 * 2**-24 * (1 + np.arange(length)[:, None]) + 1e-6


def as_encoding(value: Any, length: int, depth: int) -> np.ndarray:
    """Check an encoding, and return it as (length, depth). A leading dimension of 1 is accepted."""
    what = f"positional_encoding({length}, {depth})"
    if isinstance(value, torch.Tensor | np.ndarray) and tuple(value.shape) == (1, length, depth):
        value = value[0]
    return as_array(value, what, shape=(length, depth), dtype="float")


def encodings(student: Student, length: int, depth: int) -> list[np.ndarray]:
    """Return the encodings that a positional embedding may add: the paper's, and the student's if it has one."""
    found = [interleaved(length, depth)]
    try:
        first, value = (student.transformer.positional_encoding(rows, depth) for rows in (8, length))
    except StudentError:
        return found
    try:
        few, own = as_encoding(first, 8, depth), as_encoding(value, length, depth)
    except CheckFailure:
        return found
    if len(np.unique(few, axis=0)) > 1:  # it distinguishes at least two positions
        found.append(own.astype(np.float64))
    return found


# ---- counting ----------------------------------------------------------------------------------------------


class Products:
    """A function that multiplies matrices and counts the products."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, one: Tensor, other: Tensor) -> Tensor:
        self.count += 1
        return one @ other


def counted_matmuls(num_layers: int, num_heads: int) -> int:
    """Count the matrix products in one inference of a transformer that computes each head by itself."""
    product = Products()
    head = 2
    d = head * num_heads
    wide, narrow, square = torch.ones(d, 4), torch.ones(4, d), torch.ones(d, d)
    projection = torch.ones(d, head)

    def attention(x: Tensor, context: Tensor) -> Tensor:
        heads = []
        for _ in range(num_heads):
            q, k, v = product(x, projection), product(context, projection), product(context, projection)
            heads.append(product(product(q, k.T).softmax(-1), v))
        return product(torch.cat(heads, dim=1), square)

    def feed_forward(x: Tensor) -> Tensor:
        return product(product(x, wide).relu(), narrow)

    context, x = torch.ones(3, d), torch.ones(2, d)
    for _ in range(num_layers):
        context = feed_forward(attention(context, context))
    for _ in range(num_layers):
        x = feed_forward(attention(attention(x, x), context))
    product(x, torch.ones(d, 5))
    return product.count


def assert_count(found: int, allowed: Sequence[int], what: str, hint: str = "") -> None:
    """Check that a count of parameters is one of the allowed ones."""
    if found not in allowed:
        fail(f"{what} has {found:,} trainable numbers, expected {allowed[0]:,}.", hint)
