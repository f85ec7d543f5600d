"""Two checks of 2.3 as otter's exception-based tests."""

from collections.abc import Callable
from typing import Any

import numpy as np
from otter.test_files import test_case
from support.array_checks import as_array, as_codes, assert_neighbours, hoeffding

OK_FORMAT = False

name = "2.3"
Function = Callable[..., Any]


@test_case(name="2.3a", points=3)
def test_stochastic_values_go_to_a_neighbouring_code(stochastic_quantize: Function) -> None:
    rng = np.random.default_rng()
    W = rng.random(2000)
    W[0] = 0
    held = W.copy()
    codes, _ = stochastic_quantize(held)
    assert as_array(codes, W.shape).dtype == np.uint8
    assert_neighbours(as_codes(codes, 2, W.shape), W, bits=2)
    assert np.array_equal(held, W)
    shifted = rng.uniform(-7, -2, size=2000)
    codes, _ = stochastic_quantize(shifted, bits=8)
    assert_neighbours(as_codes(codes, 8, shifted.shape), shifted, bits=8)


@test_case(name="2.3b", points=4)
def test_stochastic_probability_is_the_fractional_part(stochastic_quantize: Function) -> None:
    rng = np.random.default_rng()
    count = 20_000
    for low, high in [(0.1, 0.4), (0.6, 0.9)]:
        below, fraction = int(rng.integers(3)), float(rng.uniform(low, high))
        W = np.full(count + 2, below + fraction)
        W[:2] = 0, 3
        codes, _ = stochastic_quantize(W * float(rng.uniform(0.1, 0.3)), bits=2)
        drawn = as_codes(codes, 2, W.shape)[2:]
        assert abs(float(np.mean(drawn)) - below - fraction) <= hoeffding(count)
