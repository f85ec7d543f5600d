"""Part 1: the learning rates, and the two schedules, computed here in their closed forms."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from gradescope_utils.autograder_utils.decorators import number, weight

from grader import worker_functions
from harness.checks import as_number, as_numbers, assert_set, assert_true, fail, told_apart
from harness.host.proxies import Student

HANDOUT_RATES = [0.0001, 0.1, 1.0]

Schedule = Callable[[int], float]
"""A function from the epoch, counted from 0, to the factor of the first epoch's rate."""


def multistep(epoch: int) -> float:
    """÷10 every 25 epochs (handout, part 1.2)."""
    return 0.1 ** (epoch // 25)


def cosine(epochs: int) -> Schedule:
    """Half a cosine that would reach 0 after the last epoch (Loshchilov and Hutter, arXiv:1608.03983, equation 5)."""
    return lambda epoch: (1 + math.cos(math.pi * epoch / epochs)) / 2


def assert_schedule(student: Student, rng: np.random.Generator, name: str, epochs: int, schedule: Schedule) -> None:
    """Check in every epoch that the rates of two parameter groups follow the schedule.

    The tolerance is a millionth of the first rate. PyTorch computes rates recursively, and differs from the closed form
    by much less. Any other schedule differs by much more.
    """
    rates = [float(rate) for rate in rng.uniform(0.02, 0.9, size=2)]
    make = student.training.make_scheduler
    seen = student.run(worker_functions.learning_rates, make, name, rates, epochs)
    assert_true(
        seen is not None,
        f"make_scheduler({name!r}, optimizer, {epochs}) returned None, expected a scheduler.",
        "is there a return statement?",
    )
    rows = [as_numbers(student, row, "the learning rates") for row in seen] if isinstance(seen, list) else []
    if [len(row) for row in rows] != [len(rates)] * (epochs + 1):
        fail(f"The rates with make_scheduler({name!r}) could not be read.")
    # The handout gives multistep's three steps for 100 epochs, and nothing for later epochs.
    for epoch, row in enumerate(rows if name == "cosine_annealing" else rows[:epochs]):
        for group, (first, found) in enumerate(zip(rates, row, strict=True)):
            expected = first * schedule(epoch)
            if not abs(found - expected) <= 1e-6 * first:
                when = f"in epoch {epoch} (counted from 0)" if epoch < epochs else "after the last epoch"
                seen_as, wanted = told_apart(found, expected)
                fail(
                    f"{name} over {epochs} epochs, first rate {first:.4g}: {when} the rate is {seen_as}, "
                    f"expected {wanted}.",
                    hint_on_rates(name, rows, rates, schedule, epoch, group),
                )


NO_STEP = "make_scheduler doesn't call step(), which the training does."
ONE_EARLY = f"every rate comes one epoch early: {NO_STEP}"
STEPS_EARLY = f"every rate comes one epoch early: the milestones are 25, 50 and 75, and {NO_STEP}"
ONE_FOR_ALL = "the second parameter group has the rates of the first: a group's rates begin at its own group['lr']."
FIRST_EPOCH = (
    "the first epoch has each group's own rate, group['lr'], which optimizer.defaults['lr'] needn't be; LambdaLR takes "
    "a factor on it, and there is no warm-up."
)


def hint_on_rates(
    name: str, rows: list[list[float]], rates: list[float], schedule: Schedule, epoch: int, group: int
) -> str:
    """Return the hint for the first wrong rate, that of ``group`` in ``epoch``.

    Args:
        rows: the rates of all groups, in each epoch and after the last one.
        rates: the first rate of each group.
    """

    def are(found: list[list[float]], firsts: list[float], earlier: int = 0) -> bool:
        right = [[first * schedule(at + earlier) for first in firsts] for at in range(len(found))]
        return np.allclose(found, right, rtol=1e-6, atol=1e-9)

    if are(rows[:-2], rates, earlier=1):
        return STEPS_EARLY if name == "multistep" else ONE_EARLY
    if group and are(rows[:-2], [rates[0]] * len(rates)):
        return ONE_FOR_ALL
    if epoch == 0:
        return FIRST_EPOCH
    rest = rows[-1][0]
    if name == "cosine_annealing" and np.allclose(
        [row[0] for row in rows], [rest + (rates[0] - rest) * schedule(at) for at in range(len(rows))], rtol=1e-4
    ):
        return f"the rate falls to {rest:.2g} and not to 0: leave out eta_min."
    if name == "multistep":
        return "the rate is divided by 10 after 25, 50 and 75 epochs: epoch 24 still has the old one, epoch 25 the new."
    return "half a cosine over all epochs: T_max is the number of epochs, and one step is taken an epoch."


# ---- 1.1 ---------------------------------------------------------------------------------------------------


@weight(2)
@number("1.1a")
def test_the_three_learning_rates(student):
    """LEARNING_RATES are the three of the handout, and BEST_LEARNING_RATE is one of them."""
    given = student.training.LEARNING_RATES
    assert_set(given, "1.1", "LEARNING_RATES")
    rates = as_numbers(student, given, "LEARNING_RATES")
    assert_true(
        np.allclose(sorted(rates), HANDOUT_RATES, rtol=1e-9) if len(rates) == 3 else False,
        f"LEARNING_RATES are {rates}, expected the three of part 1.1.",
    )
    given = student.training.BEST_LEARNING_RATE
    assert_set(given, "1.1", "BEST_LEARNING_RATE")
    best = as_number(given, "BEST_LEARNING_RATE")
    assert_true(
        any(math.isclose(best, rate) for rate in rates),
        f"BEST_LEARNING_RATE is {best:g}, which is not in LEARNING_RATES.",
        "train for 5 epochs at each rate, compare, and write down the best of the three.",
    )


# ---- 1.2 ---------------------------------------------------------------------------------------------------


@weight(2)
@number("1.2a")
def test_multistep_over_100_epochs(student, rng):
    """ "multistep" divides the rate by 10 after epochs 25, 50 and 75 of 100."""
    assert_schedule(student, rng, "multistep", 100, multistep)


@weight(1)
@number("1.2b")
def test_cosine_annealing_over_100_epochs(student, rng):
    """ "cosine_annealing" lets the rate fall along half a cosine over 100 epochs."""
    assert_schedule(student, rng, "cosine_annealing", 100, cosine(100))


@weight(1)
@number("1.2c")
def test_cosine_annealing_over_other_numbers_of_epochs(student, rng):
    """ "cosine_annealing" ends after as many epochs as it is given."""
    for epochs in rng.choice(np.arange(5, 60), size=2, replace=False):
        assert_schedule(student, rng, "cosine_annealing", int(epochs), cosine(int(epochs)))


@weight(1)
@number("1.2d")
def test_unknown_schedules_are_refused(student):
    """A name other than the two raises a ValueError."""
    make = student.training.make_scheduler
    for name in ("multistep", "cosine_annealing"):
        student.run(worker_functions.make_of, make, name)
    for name in ("linear", "step_down", "MultiStep", ""):
        classes = student.run(worker_functions.scheduler_exception, make, name, of=list[str])
        found = f"raised {classes[0]}" if classes else "raised nothing"
        assert_true(
            "ValueError" in classes,
            f"make_scheduler({name!r}, optimizer, 100) {found}, expected a ValueError.",
            "raise ValueError(…) if the name is neither of the two.",
        )
