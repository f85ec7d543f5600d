"""The eight checks of 2.1 as otter's exception-based tests: a question, a test case a check."""

from collections.abc import Callable
from typing import Any

import numpy as np
from otter.test_files import test_case
from support.array_checks import (
    LARGE,
    as_array,
    as_codes,
    assert_codes_of_weights,
    assert_rising,
    assert_round_trip,
    drawn_pairs,
    drawn_weights,
    quantized,
    rounding,
    size_of,
    step_of,
)

OK_FORMAT = False

name = "2.1"
Function = Callable[..., Any]


@test_case(name="2.1a", points=2)
def test_codes_are_uint8_of_the_same_shape(quantize: Function) -> None:
    for shape in [(100,), (20, 30)]:
        W = drawn_pairs(np.random.default_rng(), *shape)
        codes, _ = quantize(W.copy())
        assert as_array(codes, shape).dtype == np.uint8
        assert_codes_of_weights(codes, W)
    W = drawn_pairs(np.random.default_rng(), 20, 30)
    codes, _ = quantize(W.T.copy().T)
    assert as_array(codes, W.shape).dtype == np.uint8
    assert_codes_of_weights(codes, W)


@test_case(name="2.1b", points=2)
def test_the_example_of_the_handout(quantize: Function, dequantize: Function) -> None:
    W = np.random.default_rng().permutation([400.0, 500.0, 600.0])
    codes, args = quantized(quantize, W)
    expected = [{400: 0, 500: 128, 600: 255}[int(value)] for value in W]
    found = np.asarray(codes).astype(int).tolist()
    assert found in (expected, [127 if code == 128 else code for code in expected])
    values = as_array(dequantize(codes, args), W.shape)
    tolerance = np.where(W == 500, step_of(W, 8) / 2, 0) + rounding(W)
    assert (np.abs(values - W) <= tolerance).all()


@test_case(name="2.1c", points=2)
def test_minimum_and_maximum_take_the_end_codes(quantize: Function) -> None:
    W = drawn_weights(np.random.default_rng(), 40, 25)
    codes, _ = quantized(quantize, W)
    assert codes.flat[W.argmin()] == 0
    assert codes.flat[W.argmax()] == 255
    assert_rising(codes, W)


@test_case(name="2.1d", points=4)
def test_round_trip_error_is_at_most_half_a_step(quantize: Function, dequantize: Function) -> None:
    assert_round_trip(quantize, dequantize, drawn_weights(np.random.default_rng(), *LARGE))


@test_case(name="2.1e", points=2)
def test_ranges_that_do_not_straddle_zero(quantize: Function, dequantize: Function) -> None:
    unit = np.random.default_rng().random(LARGE).astype(np.float32)
    assert_round_trip(quantize, dequantize, unit + 100)
    assert_round_trip(quantize, dequantize, -2 - 5 * unit)
    from_zero = 3 * unit
    from_zero[4, 7] = 0
    assert_round_trip(quantize, dequantize, from_zero)
    for value in (3.0, 0.0):
        W = np.full((2, 5), value)
        codes, args = quantize(W.copy())
        as_codes(codes, 8, W.shape)
        as_array(dequantize(codes, args), W.shape)


@test_case(name="2.1f, 4 bits", points=1.5)
def test_four_bits(quantize: Function, dequantize: Function) -> None:
    assert_round_trip(quantize, dequantize, drawn_weights(np.random.default_rng(), *LARGE), bits=4)


@test_case(name="2.1f, 2 bits", points=1.5)
def test_two_bits(quantize: Function, dequantize: Function) -> None:
    for bits in (4, 2):  # as here, where the second half follows the first
        assert_round_trip(quantize, dequantize, drawn_weights(np.random.default_rng(), *LARGE), bits)


@test_case(name="2.1g", points=1)
def test_the_input_is_not_changed(quantize: Function, dequantize: Function) -> None:
    for dtype in (np.float32, np.float64):
        W = drawn_pairs(np.random.default_rng(), 30, 20).astype(dtype)
        held = W.copy()
        codes, args = quantize(held)
        assert_codes_of_weights(codes, W)
        assert np.array_equal(held, W)
        try:
            one = dequantize(codes, args)
        except Exception:  # 2.1b to 2.1f are lost by that
            continue
        assert np.array_equal(one, dequantize(codes, args), equal_nan=True)


@test_case(name="2.1h", points=1)
def test_memory_is_about_a_quarter(quantize: Function) -> None:
    W = drawn_pairs(np.random.default_rng(), 128, 784)
    codes, args = quantized(quantize, W)
    assert_codes_of_weights(codes, W)
    assert (codes.nbytes + size_of(args)) / W.nbytes <= 0.3
