"""Check that the zeros of a pruned network follow parts 3.3 and 3.4 of the handout: five steps of a tenth each."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from course.experiments.profiles import Profile
from course.models import CONVNET_LAYERS
from course.records import Run
from harness.checks import assert_true

__all__ = ["assert_pruned"]


def counted_zeros(model: nn.Module) -> list[tuple[int, int]]:
    """Return for each convolution the number of all-zero filters and the number of zero weights."""
    counts = []
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            off = layer.weight.detach() == 0
            counts.append((int(off.flatten(1).all(1).sum()), int(off.sum())))
    return counts


def pruned_by(steps: int, unit_counts: Sequence[int], weights_of_unit: Sequence[int]) -> list[int]:
    """Return the number of zero weights in each layer after steps of ``round(units × 0.1)`` units each (part 3.3)."""
    return [steps * round(units * 0.1) * size for units, size in zip(unit_counts, weights_of_unit, strict=True)]


def assert_pruned(run: Run, model: nn.Module, profile: Profile, *, filters: bool) -> None:
    """Check that the checkpoint's zeros equal the record's, and that five steps at the handout's epochs made them.

    Args:
        filters: True for part 3.3, where whole filters are pruned; False for single weights.

    Raises:
        CheckFailure: the zeros differ from these.
    """
    weights = [9 * c_in * c_out for c_in, c_out, _ in CONVNET_LAYERS]
    if filters:
        units, sizes = [c_out for _, c_out, _ in CONVNET_LAYERS], [9 * c_in for c_in, _, _ in CONVNET_LAYERS]
    else:
        units, sizes = weights, [1] * len(weights)
    found = counted_zeros(model)
    for place, ((whole, zeros), wanted) in enumerate(zip(found, pruned_by(5, units, sizes), strict=True), start=1):
        what = f"convolution {place} of the checkpoint has {zeros:,} weights that are 0 of {weights[place - 1]:,}"
        if filters:
            what += f", and {whole} whole filters of {units[place - 1]}"
        # Training sets a few single weights to 0 by chance.
        near = wanted <= zeros <= wanted + 0.001 * weights[place - 1] + 1
        if filters:
            near = near and whole == wanted // sizes[place - 1]
        assert_true(
            near, f"{what}; five pruning steps leave {wanted:,}.", "each step prunes a tenth of each layer more."
        )
    if not filters:
        lost = sum(whole * 9 * c_in for (whole, _), (c_in, _, _) in zip(found, CONVNET_LAYERS, strict=True))
        assert_true(
            lost < 0.5 * sum(zeros for _, zeros in found),
            "Most zeros of the checkpoint are in filters that are 0 as a whole: filters were pruned, and not weights.",
        )
    _check_steps(run, profile, weights, [zeros for _, zeros in found], units, sizes)


def _check_steps(
    run: Run, profile: Profile, weights: list[int], last: list[int], units: list[int], sizes: list[int]
) -> None:
    epochs = len(run.accuracies)
    whole = len(run.zeros) == epochs and all(len(row) == len(weights) for row in run.zeros)
    assert_true(whole, f"{run.name}: the record doesn't have the zeros of each layer after each of {epochs} epochs.")
    assert_true(
        list(run.zeros[-1]) == last, f"{run.name}: the record's last zeros are not those that the checkpoint has."
    )
    for epoch, row in enumerate(run.zeros, start=1):
        # The number of finished epochs, of the handout's 100. A student may count epochs from 0 or from 1.
        over = epoch * profile.lapse
        fewest, most = (min(5, max(0, (over + shift) // 10)) for shift in (-1, 1))
        low, high = pruned_by(fewest, units, sizes), pruned_by(most, units, sizes)
        for place, (zeros, at_least, at_most, of) in enumerate(zip(row, low, high, weights, strict=True), start=1):
            assert_true(
                at_least <= zeros <= at_most + 0.001 * of + 1,
                f"{run.name}: after epoch {epoch} the record has {zeros:,} zeros in convolution {place}; steps after "
                f"epochs 10, 20, 30, 40 and 50 of 100 leave {at_most:,} there.",
                "10 % more of each layer at each of the five epochs.",
            )
