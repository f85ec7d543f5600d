"""Write weights into a student's transformer layers by their shapes, because students choose the attribute names.

The four projections of an attention become the identity times four different constants. Biases become 0, and other
weights get drawn values. A shape may not determine the layout, for example if one tensor has the projections of all
heads. Then there are several layouts, and the student's has to be one of them.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import torch
from torch import Tensor

__all__ = [
    "CONSTANTS",
    "ONE_HEAD",
    "SIZES",
    "Filled",
    "Layout",
    "Sizes",
    "Values",
    "draw_values",
    "filled",
    "is_scale",
    "layouts_of",
]

Filled = dict[str, Tensor]


@dataclass(frozen=True)
class Sizes:
    """Sizes that are all different, so that a weight's shape tells its purpose."""

    d_model: int = 12
    num_heads: int = 3
    dff: int = 20
    vocabulary: int = 17
    target_vocabulary: int = 23

    @property
    def head(self) -> int:
        """The number of features of a head."""
        return self.d_model // self.num_heads

    @property
    def attention(self) -> dict[str, Any]:
        """The keyword arguments of an attention layer."""
        return {"d_model": self.d_model, "num_heads": self.num_heads, "dropout_rate": 0.1}

    @property
    def layer(self) -> dict[str, Any]:
        """The keyword arguments of an encoder or decoder layer."""
        return {**self.attention, "dff": self.dff}


SIZES = Sizes()
ONE_HEAD = Sizes(num_heads=1)


@dataclass(frozen=True)
class Values:
    """Drawn float64 values for the weights that aren't square."""

    expand: Tensor
    """``(dff, d_model)``."""
    expand_bias: Tensor
    """``(dff,)``."""
    reduce: Tensor
    """``(d_model, dff)``."""
    embedding: Tensor
    """``(vocabulary, d_model)``."""
    target_embedding: Tensor
    """``(target_vocabulary, d_model)``. The output layer has the same weight."""


def draw_values(rng: np.random.Generator, sizes: Sizes = SIZES) -> Values:
    """Draw values that keep the size of outputs near 1."""

    def draw(*shape: int) -> Tensor:
        return torch.from_numpy(rng.normal(size=shape).astype(np.float32)).double()

    return Values(
        expand=draw(sizes.dff, sizes.d_model) / sizes.d_model**0.5,
        expand_bias=draw(sizes.dff),
        reduce=draw(sizes.d_model, sizes.dff) / sizes.dff**0.5,
        embedding=draw(sizes.vocabulary, sizes.d_model) / 2,
        target_embedding=draw(sizes.target_vocabulary, sizes.d_model) / 2,
    )


# ---- writing them ------------------------------------------------------------------------------------------


#: The factors of the identity in the four projections of an attention. All products of two differ, and none is 1.
CONSTANTS = (0.6, 0.8, 1.5, 2.2)


@dataclass(frozen=True)
class Layout:
    """A layout of the weights of several heads or purposes in one tensor or one list."""

    fused: tuple[int, int, int] = (0, 1, 2)
    """The order of the axes purpose (q, k, v, output), head and feature in a fused weight."""
    listed_by_purpose: bool = False
    """A list of small weights has all heads' q first, then all heads' k; otherwise it goes head by head."""
    inputs_first: bool = False
    """Weights whose shape allows both are ``(in, out)``, as for ``x @ W``; otherwise ``(out, in)``, as in nn.Linear."""


LAYOUTS = tuple(
    Layout((one, two, three), listed, first)
    for one, two, three in itertools.permutations((0, 1, 2))
    for listed, first in itertools.product((False, True), repeat=2)
)


def filled(parameters: Filled, values: Values, sizes: Sizes, layout: Layout) -> Filled:
    """Return values for the parameters of a module, in one layout.

    Scales of norms and parameters of unknown shapes are left out. Shapes and dtypes are those of ``parameters``.
    """
    d, heads, head = sizes.d_model, sizes.num_heads, sizes.head
    eye = torch.eye(d, dtype=torch.float64)
    by_head = eye.reshape(heads, head, d)
    square: dict[tuple[int, ...], Tensor] = {
        (d, d): eye,
        (heads, d, head): by_head.transpose(1, 2),
        (heads, head, d): by_head,
        (d, heads, head): eye.reshape(d, heads, head),
    }
    known: dict[tuple[int, ...], Tensor] = {
        (sizes.dff, d): values.reduce.T if layout.inputs_first else values.expand,
        (d, sizes.dff): values.expand.T if layout.inputs_first else values.reduce,
        (sizes.vocabulary, d): values.embedding,
        (sizes.target_vocabulary, d): values.target_embedding,
        (d, sizes.target_vocabulary): values.target_embedding.T,
        (sizes.dff,): values.expand_bias,
    }
    small_shapes = {(head, d), (d, head)} if heads > 1 else set()
    shapes = {name: squeezed(value) for name, value in parameters.items()}
    # Small weights are q, k and v of each head. If both orientations occur, the output projection is small too.
    purposes = 4 if small_shapes and small_shapes <= set(shapes.values()) else 3
    purposes_are_listed = bool(small_shapes & set(shapes.values()))
    new: Filled = {}
    small = blocks = 0
    for name, shape in shapes.items():
        if math.prod(shape) <= 3 * d and shape != (sizes.dff,):  # biases, also fused ones, and norms
            if not is_scale(parameters[name]):  # the scale of a LayerNorm stays 1
                new[name] = torch.zeros_like(parameters[name])
        elif shape in small_shapes:
            if layout.listed_by_purpose:
                index, purpose = small % heads, small // heads % purposes
            else:
                index, purpose = small // purposes % heads, small % purposes
            small += 1
            constant = CONSTANTS[
                purpose if purposes == 4 else purpose + 1
            ]  # the first constant belongs to the output projection
            new[name] = constant * (by_head[index] if shape == (head, d) else by_head[index].T)
        elif shape in square:
            new[name] = CONSTANTS[0 if purposes_are_listed else blocks % 4] * square[shape]
            blocks += 1
        elif (count := fused_count(shape, sizes)) > 1:
            whole = torch.stack([CONSTANTS[(blocks + one) % 4] * by_head for one in range(count)])
            if order := fused_order(shape, tuple(whole.shape), layout):
                new[name] = whole.permute(order)
            blocks += count
        elif shape in known:
            new[name] = known[shape]
    return {name: value.reshape(parameters[name].shape).to(parameters[name].dtype) for name, value in new.items()}


def fused_count(shape: tuple[int, ...], sizes: Sizes) -> int:
    """Return the number of d × d projections in a fused weight, 2 to 4; 0 if the weight isn't fused."""
    count, rest = divmod(math.prod(shape), sizes.d_model**2)
    return count if count in (2, 3, 4) and not rest else 0


def fused_order(shape: tuple[int, ...], whole: tuple[int, ...], layout: Layout) -> tuple[int, ...] | None:
    """Return the order of the axes purpose, head, feature and input in a fused weight; None if its shape fits no order.

    Args:
        shape: the weight's shape. The inputs have a dimension of their own; neighbours of the other axes may be merged.
        whole: the sizes of the four axes.
    """
    edges = {1, *accumulate(shape, operator.mul)}
    fitting = []
    for place in range(4):
        order = (*layout.fused[:place], 3, *layout.fused[place:])
        ends = [1, *accumulate((whole[axis] for axis in order), operator.mul)]
        if edges <= set(ends) and {ends[place], ends[place + 1]} <= edges:
            fitting.append(order)
    return fitting[0 if layout.inputs_first else -1] if fitting else None


def squeezed(value: Tensor) -> tuple[int, ...]:
    """Return a shape without dimensions of size 1."""
    return tuple(size for size in value.shape if size != 1) if value.numel() > 1 else tuple(value.shape)


def is_scale(value: Tensor) -> bool:
    """Say whether a parameter is the scale of a norm, which begins as ones."""
    return len(squeezed(value)) == 1 and bool((value == 1).all())


def layouts_of(parameters: Filled, sizes: Sizes) -> Sequence[Layout]:
    """Return the layouts that give different weights for these parameters."""
    shapes = {squeezed(value) for value in parameters.values()}
    d, several = sizes.d_model, sizes.num_heads > 1
    fused = [shape for shape in shapes if fused_count(shape, sizes)]
    listed = several and any(shape in ((sizes.head, d), (d, sizes.head)) for shape in shapes)
    # With more than two dimensions, several of them may be the inputs'.
    wide = any(sizes.dff in shape and d in shape for shape in shapes) or any(len(shape) > 2 for shape in fused)
    return [
        layout
        for layout in LAYOUTS
        if (fused or layout.fused == (0, 1, 2))
        and (listed or not layout.listed_by_purpose)
        and (wide or not layout.inputs_first)
    ]
