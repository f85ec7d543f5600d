"""Part 5 writes weights by their shapes: one tensor for several projections may have its axes in any order."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from grader.suites.weights_by_shape import CONSTANTS, ONE_HEAD, SIZES, Sizes, draw_values, filled, layouts_of

ORDERS = list(itertools.permutations(range(4)))


def projections(count: int, sizes: Sizes) -> torch.Tensor:
    """The identity times a constant each, by purpose, head, feature and input."""
    eye = torch.eye(sizes.d_model).reshape(sizes.num_heads, sizes.head, sizes.d_model)
    return torch.stack([constant * eye for constant in CONSTANTS[:count]])


def merged(weight: torch.Tensor, cuts: tuple[int, ...]) -> torch.Tensor:
    """The weight with its axes between the cuts in one dimension."""
    edges = (0, *cuts, weight.ndim)
    return weight.reshape([int(np.prod(weight.shape[a:b])) for a, b in itertools.pairwise(edges)])


@pytest.mark.parametrize("sizes", [SIZES, ONE_HEAD], ids=["three heads", "one head"])
@pytest.mark.parametrize("order", ORDERS, ids=str)
def test_one_tensor_for_several_projections_in_any_order(order, sizes):
    values = draw_values(np.random.default_rng(0), sizes)
    inputs = {order.index(3), order.index(3) + 1} - {0, 4}  # they have a dimension of their own
    for count in (2, 3, 4):
        for cuts in itertools.chain.from_iterable(itertools.combinations((1, 2, 3), number) for number in (1, 2, 3)):
            if not inputs <= set(cuts):
                continue
            expected = merged(projections(count, sizes).permute(order), cuts)
            drawn = {"qkv": torch.randn(expected.shape)}
            found = [filled(drawn, values, sizes, layout).get("qkv") for layout in layouts_of(drawn, sizes)]
            assert any(one is not None and torch.equal(one, expected) for one in found), (
                order,
                cuts,
                tuple(expected.shape),
            )


def test_biases_of_all_heads_become_zero():
    values = draw_values(np.random.default_rng(0))
    drawn = {
        "bias": torch.randn(3, SIZES.num_heads, SIZES.head),
        "out": torch.randn(SIZES.d_model),
        "norm": torch.ones(SIZES.d_model),
        "expand_bias": torch.randn(SIZES.dff),
    }
    found = filled(drawn, values, SIZES, layouts_of(drawn, SIZES)[0])
    assert found.keys() == {"bias", "out", "expand_bias"}
    assert not found["bias"].any()
    assert not found["out"].any()
    assert torch.equal(found["expand_bias"].double(), values.expand_bias.float().double())
