"""What decides whether results are real: bounds, bands, curves and copies, each by itself."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from course import checkpoints, records
from course.datasets import FIXTURES
from course.records import Run, Settings
from grader.suites import recipes
from grader.suites.copied_networks import course_convnet, is_of_fixtures, likeness, same_channels
from grader.suites.curves import assert_noisy_losses, assert_own_curves, assert_swinging_accuracies
from grader.suites.measured_networks import difference_bound
from grader.suites.recipes import Band, Expected
from grader.suites.results_checks import Results
from harness.checks import CheckFailure
from tests.pset2.forged_networks import State, in_another_order, invented_accuracies, invented_losses, with_noise
from tests.pset2.quick_results import PARTS

SETTINGS = Settings(5, 128, "sgd", 0.1, 0.9, 5e-4, "constant", 1, True, "float32")


def run_with(losses: list[float] | None = None, accuracies: list[float] | None = None) -> Run:
    return Run("one", "one", SETTINGS, losses or invented_losses(1955), accuracies or invented_accuracies(7000))


# ---- samples ---------------------------------------------------------------------------------------------------


def test_the_bound_of_a_difference_is_five_standard_deviations():
    """Of 10,000 images, 9,000 are recognised; two thousands of them are drawn that share none."""
    generator = torch.Generator().manual_seed(0)
    hits = (torch.arange(10_000) < 9_000).float()
    orders = [torch.randperm(10_000, generator=generator) for _ in range(2000)]
    found = torch.stack([hits[order[:1000]].mean() - hits[order[1000:2000]].mean() for order in orders])
    assert 4.5 * float(found.std()) < difference_bound(0.9) < 6.5 * float(found.std())


# ---- bands -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("band", "reached"),  # docs/experiments.md
    [
        (recipes.SLOW_5, [0.365, 0.365]),
        (recipes.CONVNET_5, [0.635, 0.722, 0.711, 0.701]),
        (recipes.FAST_5, [0.283, 0.229, 0.1]),
        (recipes.CONVNET_100, [0.918, 0.926]),
        (recipes.SMALLER_100, [0.898, 0.920, 0.889]),
        (recipes.DWCONVNET_3, [0.714, 0.722]),
    ],
)
def test_what_was_reached_lies_well_inside_of_its_band(band, reached):
    margin = 0.0 if band.floor == 0 else 0.03
    assert band.floor + margin <= min(reached)
    assert max(reached) + 0.025 <= band.ceiling


@pytest.mark.parametrize(
    ("band", "accuracies", "message"),
    [
        (recipes.SLOW_5, [0.8498, 0.836, 0.85], "85.0% of the test images are recognised, this recipe reaches less"),
        (recipes.FAST_5, [0.8498, 0.836, 0.85], "reaches less than 60%"),
        (recipes.FAST_5, [0.31, 0.30, 0.61], "reaches less than 60%"),
        (recipes.CONVNET_5, [0.8498, 0.836, 0.85], "reaches less than 83%"),
        (recipes.CONVNET_100, [0.97, 0.96, 0.95], "reaches less than 96%"),
        (recipes.CONVNET_100, [0.86, 0.86, 0.84], "reaches more than 85%"),
    ],
)
def test_accuracies_outside_of_the_band_are_refused(band: Band, accuracies: list[float], message: str):
    with pytest.raises(CheckFailure, match=message):
        Results(None, Path(), "1.1")._check_learnt(run_with(), accuracies, Expected(5, 0.1, band=band))


# ---- curves ----------------------------------------------------------------------------------------------------


def test_curves_of_real_runs_are_accepted(quick_results):
    runs = {f"{part}/{run.name}": run for part in PARTS for run in records.read(quick_results / part).runs}
    assert len(runs) == 14
    for name, run in runs.items():
        assert_noisy_losses(run, "")
        if name not in ("6.2/yours", "6.2/provided"):  # the solution has the provided layer
            assert_own_curves(run, [(other, one) for other, one in runs.items() if one is not run], "")


def test_noise_around_a_level_is_accepted():
    """What 100 epochs end with: no trend, and losses near 0."""
    noise = torch.randn(39_100, generator=torch.Generator().manual_seed(3))
    assert_noisy_losses(run_with((0.01 * noise.exp()).tolist()), "")


def test_accuracies_that_swing_are_accepted():
    noise = torch.randn(100, generator=torch.Generator().manual_seed(4)).tolist()
    curve = [round(0.7 + 0.2 * epoch / 100 + 0.02 * one, 4) for epoch, one in enumerate(noise)]
    assert_swinging_accuracies(run_with(accuracies=curve), "")
    assert_swinging_accuracies(
        run_with(accuracies=[0.41, 0.53, 0.60, 0.64, 0.71]), ""
    )  # five epochs may rise all along
    assert_swinging_accuracies(run_with(accuracies=[0.5, 0.6, 0.7]), "")  # three epochs have no curve


@pytest.mark.parametrize(
    ("curve", "message"),
    [
        ([0.7] * 5, "lie on a line"),
        ([0.3, 0.4, 0.5, 0.6, 0.7], "lie on a line"),
        ([round(0.9 - 0.5 * 0.95**epoch, 4) for epoch in range(100)], "falls after 0 of 100 epochs"),
    ],
)
def test_accuracies_that_no_training_has_are_refused(curve, message):
    with pytest.raises(CheckFailure, match=message):
        assert_swinging_accuracies(run_with(accuracies=curve), "")


def test_the_accuracies_of_another_run_are_refused():
    one, other = run_with(), run_with(losses=invented_losses(1955, seed=1))
    with pytest.raises(CheckFailure, match=r"one and 1\.2/multistep have the same accuracies"):
        assert_own_curves(one, [("1.2/multistep", other)], "")


def test_runs_that_begin_alike_are_accepted():
    one, other = invented_losses(1955), invented_losses(1955, seed=1)
    others = [("b", run_with(one[: 4 * 391] + other[4 * 391 :], invented_accuracies(6900)))]
    assert_own_curves(run_with(one, invented_accuracies(7000)), others, "")


# ---- copies ----------------------------------------------------------------------------------------------------


def convnet(state: State) -> torch.nn.Module:
    model = checkpoints.build("ConvNet")
    model.load_state_dict(state)
    return model.eval()


@pytest.fixture(scope="module")
def state() -> State:
    loaded: State = load_file(FIXTURES / "convnet.safetensors")
    return loaded


def test_copies_are_recognised(state):
    half = {name: value.half().float() if value.is_floating_point() else value for name, value in state.items()}
    for copy in (in_another_order(state), half, with_noise(in_another_order(state), 0.03)):
        assert same_channels(convnet(copy), course_convnet())
    assert is_of_fixtures(convnet(with_noise(in_another_order(state), 0.2)))


def test_another_classifier_on_the_same_channels_is_a_copy(state):
    copy = {**in_another_order(state), "classifier.weight": torch.randn(10, 256)}
    assert same_channels(convnet(copy), course_convnet())


def test_networks_that_began_alike_are_no_copies(quick_results):
    """They have the same first weights, and the same losses in the first tenth of their training."""
    names = ["1.2/multistep", "1.2/cosine-annealing", "3.3/pruned", "3.4/pruned", "1.1/rate-0.1", "3.2/unpruned"]
    models = [checkpoints.load(quick_results / f"{name}.safetensors", "ConvNet") for name in names]
    for index, model in enumerate(models):
        assert likeness(model, course_convnet()) < 0.5
        for other in models[:index]:
            assert likeness(model, other) < 0.92
