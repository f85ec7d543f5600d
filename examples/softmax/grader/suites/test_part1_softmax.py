"""Part 1: softmax and cross-entropy, against references in float64."""

from __future__ import annotations

import numpy as np
from gradescope_utils.autograder_utils.decorators import number, partial_credit, weight

from grader.suites.softmax_checks import DTYPES, LONG, assert_right_loss, assert_right_probabilities, drawn
from harness.checks import as_array, assert_true, assert_within

# ---- 1.1: softmax ------------------------------------------------------------------------------------------


@weight(2)
@number("1.1a")
def test_shape_dtype_and_sums(student, rng):
    """Probabilities have the shape and the dtype of the input, are from 0 to 1, and sum to 1 along the last axis."""
    for dtype in DTYPES:
        for shape in [(7,), (4, 9), LONG]:
            found = student.softmax.softmax(drawn(rng, *shape, dtype=dtype))
            what = f"softmax of a {dtype} array {shape}"
            values = as_array(found, what, shape=shape, dtype=dtype)
            assert_true(
                bool((values >= 0).all() and (values <= 1).all()),
                f"{what} has values from {values.min():.3g} to {values.max():.3g}, expected 0 to 1.",
            )
            # Each of n quotients is off by a few roundings, which are those of the sum and of the division.
            bound = float(np.finfo(dtype).eps) * (2 * shape[-1] + 20)
            assert_within(
                values.sum(axis=-1, dtype=np.float64),
                np.ones(shape[:-1]),
                atol=bound,
                what=f"sums of {what} along the last axis",
                hint="divide by the sum along the axis, with keepdims=True.",
            )


@weight(2)
@number("1.1b")
def test_values(student, rng):
    """Probabilities are exponentials divided by their sum, and the input is not changed."""
    for dtype in DTYPES:
        for shape in [(8,), (5, 11), (3, 1)]:
            assert_right_probabilities(student, drawn(rng, *shape, dtype=dtype), hint="exp(x_i) / Σ exp(x_j).")
    x = drawn(rng, 4, 6)
    held = student.hold(x)
    student.softmax.softmax(held)
    after = as_array(held.value(), "the input after the call", shape=x.shape, dtype="float64")
    assert_true(np.array_equal(after, x), "softmax changed its input.", "make a new array: x = x - m, and not x -= m.")


@weight(2)
@number("1.1c")
def test_other_axes(student, rng):
    """With axis=0, 1 or −2 the probabilities sum to 1 along that axis."""
    hint = "give axis to every maximum and sum, with keepdims=True."
    for axis in (0, 1, -2):
        assert_right_probabilities(student, drawn(rng, *LONG), axis=axis, hint=hint)


# ---- 1.2: cross-entropy ------------------------------------------------------------------------------------


@weight(2)
@number("1.2a")
def test_the_mean_of_negative_logarithms(student, rng):
    """The loss of drawn logits is the mean of −log p over the rows."""
    for dtype in DTYPES:
        for count, classes in [(1, 2), (16, 10), (50, 3)]:
            logits = drawn(rng, count, classes, dtype=dtype)
            assert_right_loss(student, logits, rng.integers(classes, size=count))


@partial_credit(3)
@number("1.2b")
def test_labels_that_are_almost_impossible(student, rng, set_score=None):
    """The loss is right for labels of tiny probability, 1e-43 or less, and also where no float is as small as that."""
    hint = "work with logarithms from the start: log p = x_label − log Σ exp(x_j)."
    for gap, score in [(100, 1.5), (1000, 3.0)]:
        # No logit is above 0, so that no exponential is too large. The label's is far below the others of its row; the
        # second time, whole rows are far below others too.
        logits = -np.abs(rng.normal(size=(12, 6)))
        if gap == 1000:
            logits -= 1000 * rng.permutation(12)[:, None]
        labels = rng.integers(6, size=12)
        logits[np.arange(12), labels] -= gap * (1 + rng.random(12))
        assert_right_loss(student, logits, labels, hint)
        set_score(score)
