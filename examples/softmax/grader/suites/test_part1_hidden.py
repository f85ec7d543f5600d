"""Part 1, decided later: a public result would give the answer away. The students' hand-out goes without this file."""

from __future__ import annotations

import numpy as np
from gradescope_utils.autograder_utils.decorators import number, visibility, weight

from grader.suites.softmax_checks import DTYPES, assert_right_probabilities, drawn


@weight(2)
@number("1.1d")
@visibility("after_published")
def test_large_numbers(student, rng):
    """Exponentials of large numbers don't overflow, and those of very negative ones don't all vanish."""
    for dtype in DTYPES:
        # Large and very negative rows in one array: where a row's own maximum isn't subtracted, one of them is lost.
        centres = rng.permutation(np.array([1000, 1000, -1000, -1000], dtype=dtype))
        x = drawn(rng, 4, 7, dtype=dtype) + centres[:, None]
        hint = "softmax stays the same where the maximum of each row is subtracted first."
        assert_right_probabilities(student, x, hint=hint)
