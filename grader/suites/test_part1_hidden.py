"""Part 1: the test of the best rate. Students see its result only with their grades, and don't have this file."""

from __future__ import annotations

import math

from gradescope_utils.autograder_utils.decorators import number, visibility, weight

from harness.checks import as_number, assert_set, assert_true


@weight(1)
@number("1.1b")
@visibility("after_published")
def test_the_best_learning_rate(student):
    """BEST_LEARNING_RATE is the rate that trains best."""
    given = student.training.BEST_LEARNING_RATE
    assert_set(given, "1.1", "BEST_LEARNING_RATE")
    best = as_number(given, "BEST_LEARNING_RATE")
    # At 0.1 ConvNet learns. At 1.0 the loss stays high, and at 0.0001 it hardly falls in five epochs.
    assert_true(
        math.isclose(best, 0.1),
        f"BEST_LEARNING_RATE is {best:g}, which is not the rate that trains best in five epochs.",
        "compare the training losses of the three runs of part 1.1.",
    )
