"""Part 2: post-training quantization, deterministic and stochastic, of arrays and of a trained network.

A *step* of an array is (max − min) / (2^bits − 1). Scales by row are accepted, because their steps are smaller.
"""

from __future__ import annotations

import numpy as np
from gradescope_utils.autograder_utils.decorators import leaderboard, number, partial_credit, tags, weight

from course.datasets import ImageDataset
from course.models import MNISTNet
from course.trainer import evaluate
from grader import worker_functions
from grader.suites.quantization_checks import (
    IN_FLOAT16,
    are_float16,
    as_codes,
    assert_codes_of_weights,
    assert_constants_have_codes,
    assert_neighbours,
    assert_numbers_vary,
    assert_rising,
    assert_round_trip,
    assert_the_same_twice,
    assert_unchanged,
    codes_and_args,
    drawn_codes,
    drawn_network,
    drawn_pairs,
    drawn_weights,
    hoeffding,
    keep_accuracies,
    quantized,
    quantized_model,
    remote_copy,
    restored,
    rounded_to_nearest,
    rounding,
    size_of,
    step_of,
    steps_of,
)
from harness.checks import as_array, assert_true, assert_within, explained_by, is_same, needs

#: Rows and columns of arrays that don't fit into the extra arguments. These may have 2 kB, half a bit for each of
#: 32,768 values.
LARGE = (16, 2048)

# ---- 2.1: quantize and dequantize --------------------------------------------------------------------------


@weight(2)
@number("2.1a")
def test_codes_are_uint8_of_the_same_shape(student, rng):
    """Codes are uint8 and have the shape of the array, in one and in two dimensions, also of a transposed one."""
    quantize = student.quantization.quantize
    for shape in [(100,), (20, 30)]:
        W = drawn_pairs(rng, *shape)
        codes, _ = codes_and_args(quantize(W))
        as_array(codes, "codes", shape=shape, dtype="uint8")
        assert_codes_of_weights(codes, W)
    W = drawn_pairs(rng, 20, 30)
    codes, _ = codes_and_args(student.run(worker_functions.of_transposed, quantize, W.T.copy()))
    as_array(codes, "codes of a transposed array", shape=W.shape, dtype="uint8")
    assert_codes_of_weights(codes, W, of=" of a transposed array")


@weight(2)
@number("2.1b")
def test_the_example_of_the_handout(student, rng):
    """400, 500 and 600 get the codes 0, 128 (or 127, as it is a tie) and 255, and come back within half a step."""
    W = np.array([400.0, 500.0, 600.0])
    W = rng.permutation(W)
    codes, args = quantized(student, W)
    found = as_array(codes, "codes", shape=W.shape).astype(int).tolist()
    expected = [{400: 0, 500: 128, 600: 255}[int(value)] for value in W]
    assert_true(
        found in (expected, [127 if code == 128 else code for code in expected]),
        f"quantize({W.astype(int).tolist()}) gave the codes {found}, expected {expected}.",
        "shift the minimum to 0, scale the maximum to 255, round, and cast last.",
    )
    values = restored(student, codes, args)
    half = step_of(W, 8) / 2
    # Both ends are exactly at codes. The tie in the middle is off by half a step either way.
    tolerance = np.where(W == 500, half, 0) + rounding(W)
    what = f"dequantize(quantize({W.astype(int).tolist()}))"
    assert_within(values, W, atol=tolerance, what=what, hint=IN_FLOAT16 if are_float16(values) else "")


@weight(2)
@number("2.1c")
def test_minimum_and_maximum_take_the_end_codes(student, rng):
    """The minimum of the array becomes code 0, and the maximum becomes 255."""
    W = drawn_weights(rng, 40, 25)
    codes, _ = quantized(student, W)
    values = as_array(codes, "codes", shape=W.shape)
    lowest, highest = int(values.flat[W.argmin()]), int(values.flat[W.argmax()])
    assert_true(lowest == 0, f"The minimum has code {lowest}, expected 0.", "subtract the minimum before scaling.")
    assert_true(
        highest == 255,
        f"The maximum has code {highest}, expected 255.",
        "8 bits have the codes 0 to 255, so the scale is 255 / (max − min); 256 wraps around to 0.",
    )
    assert_rising(codes, W)


@leaderboard("Worst quantization error (steps)", "asc")
@weight(4)
@number("2.1d")
@explained_by("2.1c")
def test_round_trip_error_is_at_most_half_a_step(student, rng, show, set_leaderboard_value=None):
    """Dequantized values are within half a step of the originals, in a process that has not run quantize."""
    W = drawn_weights(rng, *LARGE)
    errors = assert_round_trip(student, W, 8, "Normally distributed weights", show)
    if set_leaderboard_value is not None:
        set_leaderboard_value(round(float(errors.max()), 4))


@partial_credit(2)
@number("2.1e")
@explained_by("2.1c", "2.1d")
def test_ranges_that_do_not_straddle_zero(student, rng, set_score=None):
    """The same bound holds for values far from zero, negative ones, and from 0 on; constant arrays come back finite."""
    unit = rng.random(LARGE).astype(np.float32)
    assert_round_trip(student, unit + 100, 8, "Values between 100 and 101")
    assert_round_trip(student, -2 - 5 * unit, 8, "Values between −7 and −2")
    from_zero = 3 * unit
    from_zero[4, 7] = 0
    assert_round_trip(student, from_zero, 8, "Values between 0 and 3")
    set_score(1.5)
    for codes, args in assert_constants_have_codes(student, "quantize", 8):
        restored(student, codes, args)
    set_score(2)


@partial_credit(3)
@number("2.1f")
@explained_by("2.1c", "2.1d")
def test_fewer_bits(student, rng, set_score=None):
    """With 4 and with 2 bits there are at most 16 and 4 codes, and errors stay within half of the larger steps."""
    score = 0.0
    for bits in (4, 2):
        W = drawn_weights(rng, *LARGE)
        assert_round_trip(student, W, bits, f"bits={bits}")
        score += 1.5
        set_score(score)


@weight(1)
@number("2.1g")
def test_the_input_is_not_changed(student, rng):
    """The array that is quantized stays as it was, and so do codes and extra arguments that are dequantized."""
    for dtype in (np.float32, np.float64):
        W = drawn_pairs(rng, 30, 20).astype(dtype)
        held = student.hold(W)
        codes, args = codes_and_args(student.quantization.quantize(held))
        assert_codes_of_weights(codes, W)
        assert_unchanged(held, W, "quantize")
        assert_the_same_twice(student, codes, args)


@weight(1)
@number("2.1h")
def test_memory_is_about_a_quarter(student, rng, fact):
    """Codes and extra arguments together take about a quarter of the float32 weights."""
    W = drawn_pairs(rng, 128, 784)
    codes, args = quantized(student, W)
    assert_codes_of_weights(codes, W)
    # A quarter, and for scales by row 32 bytes for each 784 weights: 0.26. Two bytes a code would be a half.
    code_bytes, extra = as_array(codes, "codes", shape=W.shape).nbytes, size_of(args)
    share = (code_bytes + extra) / W.nbytes
    fact("bytes of 784×128 weights as codes of 8 bits (measured)", code_bytes, "B")
    note = "as the test counts them: the objects as they are sent, not the numbers alone"
    fact(f"bytes of the extra arguments of 784×128 weights ({note})", extra, "B")
    name = "times smaller at 8 bits with extra arguments (measured, 784×128 weights)"
    fact(name, 1 / share, "×", also=("smaller", "factor"))
    assert_true(share <= 0.3, f"Codes and extra arguments take {share:.0%} of the original, expected about 25 %.")


# ---- 2.2: a quantized network ------------------------------------------------------------------------------


@weight(3)
@number("2.2a")
@explained_by("2.1a", "2.1c", "2.1d", "2.1f")
def test_every_parameter_is_quantized(student, rng):
    """Every parameter of the new model went through quantize and dequantize and takes at most 2^bits values."""
    model = drawn_network(rng)
    found = quantized_model(student, remote_copy(student, model), model, bits=2)
    for (name, before), after in zip(model.named_parameters(), found.parameters(), strict=True):
        W, values = before.detach().numpy(), after.detach().numpy()
        if np.abs(values - W).max() <= step_of(W, 2) / 2 + rounding(W):
            continue
        # A wrong quantize has lost its points in 2.1. Here the parameter may also be what the student's quantize gives.
        assert_true(len(np.unique(values)) > 1, f"All values of {name} are {values.flat[0]:.3g} at 2 bits.")
        own = student.quantization.dequantize(*codes_and_args(student.quantization.quantize(W, bits=2)))
        assert_within(
            values,
            as_array(own, f"dequantize's result for {name}", shape=W.shape),
            atol=rounding(W),
            what=f"{name} at 2 bits, against your dequantize(*quantize({name}, bits=2))",
            hint="each parameter is quantized by itself, with its own minimum and maximum.",
        )


@needs("2.2a")
@weight(2)
@number("2.2b")
@explained_by("2.1g")
def test_the_original_model_is_not_changed(student, rng):
    """The model that is quantized keeps its weights; a frozen one is quantized as well."""
    model = drawn_network(rng)
    there = remote_copy(student, model).requires_grad_(False)
    quantized_model(student, there, model, bits=4)
    state = there.state_dict()
    for name, before in model.state_dict().items():
        assert_true(
            is_same(state.get(name), before),
            f"quantize_model changed {name} of the model that it was given.",
            "work on a copy, for example copy.deepcopy(model).",
        )


@weight(3)
@number("2.2c")
@explained_by("2.1c", "2.1d", "2.2a")
def test_eight_bits_keep_the_accuracy(student, mnistnet: MNISTNet, digits: ImageDataset, measured, fact):
    """At 8 bits the trained MNISTNet recognises at most one in a hundred of 1,000 real digits fewer than before."""
    found = quantized_model(student, remote_copy(student, mnistnet), mnistnet, bits=8)
    full, now = evaluate(mnistnet, digits), evaluate(found, digits)
    # Measured: 975 of 1,000 before, 975 with rounding to nearest, and 974 to 977 in 40 stochastic roundings.
    measured("digits recognised at 8 bits", now.correct, full.correct - 10)
    keep_accuracies(fact, 8, full, now)
    assert_true(
        now.correct >= full.correct - 10,
        f"At 8 bits {now.correct} of {now.total:,} digits are recognised, at full precision {full.correct}.",
    )


@partial_credit(3)
@number("2.2d")
@explained_by("2.1f", "2.2a")
def test_four_and_two_bits_keep_what_they_can(
    student, mnistnet: MNISTNet, digits: ImageDataset, measured, fact, set_score=None
):
    """At 4 and at 2 bits the trained MNISTNet is as accurate as rounding to nearest makes it."""
    score, full = 0.0, evaluate(mnistnet, digits)
    for bits in (4, 2):
        found = quantized_model(student, remote_copy(student, mnistnet), mnistnet, bits=bits)
        expected = evaluate(rounded_to_nearest(mnistnet, bits), digits)
        now = evaluate(found, digits)
        # Measured at 4 and 2 bits: 973 and 659 of 1,000 with one scale, 974 and 732 by row, 949 and 482 truncated.
        # Correct solutions differ only in ties and last bits. Rounding halves up instead of to even changes no image.
        measured(f"digits recognised at {bits} bits", now.correct, expected.correct - 15)
        keep_accuracies(fact, bits, full, now)
        assert_true(
            now.correct >= expected.correct - 15,
            f"At {bits} bits {now.correct} of {now.total:,} digits are recognised, expected about {expected.correct}.",
            "is each value rounded to the nearest code?",
        )
        score += 1.5
        set_score(score)


@weight(3)
@number("2.2e")
@explained_by("2.3a", "2.3b", "2.2a")
def test_a_model_quantized_stochastically(student, rng, measured):
    """With stochastic=True values are rounded at random to a neighbouring code, drawn from rng if it is given."""
    model = drawn_network(rng)
    seed = int(rng.integers(2**31))

    def draw(seed: int | None) -> list[np.ndarray]:
        options = {} if seed is None else {"rng": student.generator(seed)}
        found = quantized_model(student, remote_copy(student, model), model, bits=4, stochastic=True, **options)
        return [parameter.detach().numpy() for parameter in found.parameters()]

    first, again, other = draw(seed), draw(seed), draw(seed + 1)
    for (name, before), values in zip(model.named_parameters(), first, strict=True):
        W = before.detach().numpy()
        what = f"{name}, rounded stochastically at 4 bits"
        hint = "pass bits on, and return the extra arguments that dequantize expects, in its order."
        assert_within(values, W, atol=step_of(W, 4) + rounding(W), what=what, hint=hint)
    W = model.fc1.weight.detach().numpy()
    away = float(np.mean(np.abs(first[0] - W) > steps_of(first[0], W, 4) / 2 + rounding(W)))
    # Rounding up with probability f moves a value to the farther code with probability min(f, 1 − f), a quarter on
    # average. Rounding to nearest never does. By Hoeffding's inequality, a share below 0.1 of 25,088 weights has
    # probability exp(−2 · 25,088 · 0.15²) < 1e-100.
    measured("share of weights at the farther neighbour", away, 0.1)
    assert_true(
        away > 0.1,
        f"{away:.1%} of the weights went to the farther of their two neighbours, expected about 25 %.",
        "with stochastic=True every parameter goes through stochastic_quantize.",
    )
    same = all(np.array_equal(one, two) for one, two in zip(first, again, strict=True))
    assert_true(same, "Generators with equal seeds gave different models.", "pass rng on.")
    differ = not np.array_equal(first[0], other[0])  # as in 2.3e: equal draws have probability (2/3)^25,088
    assert_true(differ, "Generators with different seeds gave equal models.", "pass rng on.")
    anew = not np.array_equal(draw(None)[0], draw(None)[0])
    assert_true(
        anew,
        "Two calls without rng gave equal models: ten repetitions would be one.",
        "stochastic_quantize has to draw new numbers in each call.",
    )


# ---- 2.3: stochastic rounding ------------------------------------------------------------------------------


@weight(3)
@number("2.3a")
def test_stochastic_values_go_to_a_neighbouring_code(student, rng):
    """Every value becomes one of the two codes next to it, as uint8 in [0, 2^bits − 1]; the default is 2 bits."""
    W = rng.random(2000)
    W[0] = 0
    held = student.hold(W)
    codes, _ = codes_and_args(student.quantization.stochastic_quantize(held), "stochastic_quantize")
    as_array(codes, "codes", shape=W.shape, dtype="uint8")
    assert_neighbours(as_codes(codes, 2, W.shape), W, bits=2)
    assert_unchanged(held, W, "stochastic_quantize")
    shifted = rng.uniform(-7, -2, size=2000)
    assert_neighbours(drawn_codes(student, shifted, bits=8), shifted, bits=8)


@weight(4)
@number("2.3b")
@explained_by("2.3a")
def test_stochastic_probability_is_the_fractional_part(student, rng):
    """A value between two codes is rounded up with a probability equal to its fractional part."""
    count = 20_000
    for low, high in [(0.1, 0.4), (0.6, 0.9)]:  # fractions away from 1/2, so that a fair coin fails
        below, fraction = int(rng.integers(3)), float(rng.uniform(low, high))
        step = float(rng.uniform(0.1, 0.3))
        W = np.full(count + 2, below + fraction)
        W[:2] = 0, 3
        codes = drawn_codes(student, W * step, bits=2)[2:]
        up = float(np.mean(codes == below + 1))
        # The mean of 20,000 draws differs from its expectation by more than 0.0205 once in ten million runs.
        assert_true(
            abs(float(np.mean(codes)) - below - fraction) <= hoeffding(count),
            f"Of {count:,} values {below + fraction:.2f} steps above the minimum, {up:.1%} got code {below + 1}, "
            f"expected about {fraction:.0%}.",
            "round up where a uniform random number is below the fractional part of the scaled value: one number for "
            "each element.",
        )


@needs("2.3b")
@partial_credit(2)
@number("2.3c")
def test_stochastic_values_on_a_code_stay_there(student, rng, set_score=None):
    """A value that lies exactly on a code gets that code in every draw; constant arrays have codes too."""
    W = rng.permutation(np.repeat([0.0, 1.0, 2.0, 3.0], 10_000))
    moved = int((drawn_codes(student, W, bits=2) != W).sum())
    # Adding a uniform float32 number rounds up to the next integer once in 2^23. So three of 40,000 values move with
    # probability below (40,000 / 2^23)^3 / 6 < 2e-8. "r <= fraction" with 256 different r moves one in 256 of the
    # 30,000 values below the top, and two or fewer with probability below 1e-40.
    assert_true(
        moved <= 2,
        f"{moved:,} of {W.size:,} values that lie on a code were moved to another one.",
        "round up where the random number is below the fractional part, with < and not <=.",
    )
    set_score(1.5)
    assert_constants_have_codes(student, "stochastic_quantize", 2)
    set_score(2)


@weight(2)
@number("2.3d")
@explained_by("2.3b")
def test_stochastic_elements_are_drawn_one_by_one(student, rng):
    """Elements of one array are rounded independently of each other."""
    W = np.full((100, 102), 1.5)
    W[:, :2] = 0, 3  # each row has the whole range, so that scales by row are equal
    codes = drawn_codes(student, W, bits=2)[:, 2:]
    # With independent fair draws, neighbours agree with probability 1/2. Hoeffding's bound for 9,900 pairs is 0.029.
    for neighbours, where in [(codes[:, 1:] == codes[:, :-1], "row"), (codes[1:] == codes[:-1], "column")]:
        agree = float(np.mean(neighbours))
        assert_true(
            abs(agree - 0.5) <= hoeffding(neighbours.size),
            f"Neighbours in a {where}, halfway between two codes, got equal codes in {agree:.0%} of all pairs, "
            "expected 50 %.",
            "draw one random number for each element: rng.random(W.shape).",
        )
    assert_numbers_vary(student, codes == 2)


@tags("random numbers")
@weight(3)
@number("2.3e")
@explained_by("2.3a")
def test_stochastic_draws_follow_rng(student, rng):
    """Equal seeds give equal codes, different seeds give different ones, and calls without rng differ."""
    W = np.append(rng.random(1000), [0.0, 1.0])
    seed = int(rng.integers(2**31))
    generator = student.generator(seed)
    # Two draws agree in 1,000 values of fractions f with the product of f² + (1 − f)², about (2/3)^1000.
    first, next_one = drawn_codes(student, W, rng=generator), drawn_codes(student, W, rng=generator)
    again = drawn_codes(student, W, rng=student.generator(seed))
    other = drawn_codes(student, W, rng=student.generator(seed + 1))
    assert_true(np.array_equal(first, again), "Generators with equal seeds gave different codes.", "use rng.random.")
    assert_true(
        not np.array_equal(first, other),
        "Generators with different seeds gave equal codes.",
        "use rng.random.",
    )
    assert_true(not np.array_equal(first, next_one), "Two calls with one generator gave equal codes.", "draw from rng.")
    one, two = drawn_codes(student, W), drawn_codes(student, W)
    assert_true(
        not np.array_equal(one, two),
        "Two calls without rng gave equal codes: ten repetitions would be one.",
        "without rng use np.random.default_rng(), and don't seed inside the function.",
    )


@needs("2.3b")
@partial_credit(2)
@number("2.3f")
def test_stochastic_rounding_with_other_bits(student, rng, set_score=None):
    """With 4 and with 8 bits, too, values become one of their neighbours, and on average they don't move."""
    score = 0.0
    for bits in (4, 8):
        W = rng.random(20_000)
        W[0] = 0
        codes = drawn_codes(student, W, bits=bits)
        assert_neighbours(codes, W, bits)
        position = W / step_of(W, bits)
        for half in (position % 1 < 0.5, position % 1 >= 0.5):  # the average has to be right for each kind of value
            bias = float(np.mean((codes - position)[half]))
            # Each error has range 1 and expectation 0, so Hoeffding's bound for draws of 0 or 1 holds.
            assert_true(
                abs(bias) <= hoeffding(int(half.sum())),
                f"At {bits} bits the codes are {bias:+.2f} steps off on average, expected 0.",
                "rounding down must be as likely as the scaled value is near the code below.",
            )
        score += 1
        set_score(score)
