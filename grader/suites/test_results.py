"""Results of experiments: the claims in ``results/`` are measured again (see results_checks.py).

These tests run no student code. Only results of the full profile earn points, but quick ones are checked as well.
"""

from __future__ import annotations

from dataclasses import replace

from gradescope_utils.autograder_utils.decorators import number, partial_credit, tags, weight

from course.experiments.profiles import PROFILES
from grader.suites.copied_networks import FINE_TUNED_COPY
from grader.suites.recipes import (
    CONVNET_5,
    CONVNET_100,
    DWCONVNET_3,
    FAST_5,
    FINE_TUNED_1,
    SLOW_5,
    SMALLER_100,
    Expected,
    cosine,
    multistep,
)
from grader.suites.results_checks import Results
from grader.suites.sparsity_checks import assert_pruned
from harness.checks import CheckFailure, assert_true, fail


@partial_credit(3)
@number("1.1c")
@tags("results")
def test_results_of_three_learning_rates(results, set_score=None):
    """The results of 1.1 are real: three runs, one point each, whose checkpoints do what their records say."""
    record = results.record(whole=False)
    witnesses = results.check_data(record, "cifar10")
    right, models, wrong = 0, [], None
    for rate, band in ((0.0001, SLOW_5), (0.1, CONVNET_5), (1.0, FAST_5)):
        expected = Expected(long=5, rate=rate, band=band)
        try:
            models.append((f"rate-{rate:g}", results.run(record, f"rate-{rate:g}", expected, witnesses)[1]))
            results.assert_distinct(models)
            right += 1
        except CheckFailure as failure:
            wrong = wrong or failure
    if wrong is None:
        results.earn(record)
    set_score(right if results.earns(record) else 0)
    if wrong is not None:
        raise wrong


@weight(1)
@number("1.2e")
@tags("results")
def test_results_of_multistep(results):
    """The results of 1.2 are real: 100 epochs with "multistep", whose checkpoint does what its record says."""
    assert_schedule_run(results, "multistep", Expected(100, 0.1, schedule="multistep", factor=multistep))


@weight(1)
@number("1.2f")
@tags("results")
def test_results_of_cosine_annealing(results):
    """The results of 1.2 are real: 100 epochs with "cosine_annealing", whose checkpoint does what its record says."""
    assert_schedule_run(results, "cosine-annealing", Expected(100, 0.1, schedule="cosine_annealing", factor=cosine))


def assert_schedule_run(results: Results, name: str, expected: Expected) -> None:
    """Check a run of part 1.2, and that it differs from the other runs of ConvNet."""
    record = results.record()
    witnesses = results.check_data(record, "cifar10")
    _, model = results.run(record, name, replace(expected, band=CONVNET_100), witnesses)
    others = {"multistep": "cosine-annealing", "cosine-annealing": "multistep"}
    models = results.other("1.2", others[name]) + results.other("1.1", "rate-0.1")
    results.assert_distinct([*models, (name, model)])
    results.earn(record)


@weight(2)
@number("3.2b")
@tags("results")
def test_results_of_the_unpruned_sparse_network(results):
    """The results of 3.2 are real: SparseConvNet's 5 epochs, whose checkpoint does what its record says."""
    record = results.record()
    witnesses = results.check_data(record, "cifar10")
    _, model = results.run(record, "unpruned", Expected(5, 0.1, band=CONVNET_5), witnesses)
    results.assert_distinct([*results.other("1.1", "rate-0.1"), ("unpruned", model)])
    results.earn(record)


PRUNED = Expected(100, 0.1, schedule="multistep", factor=multistep, band=SMALLER_100)


def assert_pruned_run(results: Results, other: str, *, sparsity: bool) -> None:
    """Check a pruned run: its zeros, or that it differs from other runs."""
    record = results.record()
    witnesses = results.check_data(record, "cifar10")
    run, model = results.run(record, "pruned", PRUNED, witnesses)
    if sparsity:
        assert_pruned(run, model, PROFILES[record.profile], filters=results.part == "3.3")
    else:
        models = [*results.other("1.2", "multistep"), *results.other(other, "pruned"), ("pruned", model)]
        results.assert_distinct(models)
    results.earn(record)


@weight(1)
@number("3.3i")
@tags("results")
def test_results_of_pruning_filters(results):
    """The results of 3.3 are real: 100 epochs with pruning, whose checkpoint does what its record says."""
    assert_pruned_run(results, "3.4", sparsity=False)


@weight(2)
@number("3.3j")
@tags("results")
def test_sparsity_of_the_network_with_pruned_filters(results):
    """The checkpoint of 3.3 has half of each layer's filters at 0, which came in five steps."""
    assert_pruned_run(results, "3.4", sparsity=True)


@weight(1)
@number("3.4i")
@tags("results")
def test_results_of_pruning_weights(results):
    """The results of 3.4 are real: 100 epochs with pruning, whose checkpoint does what its record says."""
    assert_pruned_run(results, "3.3", sparsity=False)


@weight(2)
@number("3.4j")
@tags("results")
def test_sparsity_of_the_network_with_pruned_weights(results):
    """The checkpoint of 3.4 has half of each layer's weights at 0, which came in five steps."""
    assert_pruned_run(results, "3.3", sparsity=True)


@weight(2)
@number("4.2d")
@tags("results")
def test_results_of_fine_tuning(results):
    """The results of 4.2 are real: three fine-tuned networks, whose checkpoints do what their records say."""
    record = results.record()
    witnesses = results.check_data(record, "cinic10", "cifar10", whole=True)
    if any("ImageNet" in text for text in record.stand_ins) and record.profile == "full":
        fail(
            "The networks of part 4.2 were not fine-tuned from ImageNet's weights, which were not available.",
            "let torchvision download them, or put them into its cache, and run it again.",
        )
    expected = Expected(1, 0.01, architecture="ResNet18", augment=False, band=FINE_TUNED_1)
    models = []
    for name in ("pt-net", "net-freeze", "net-freeze-lora"):
        models.append((name, results.run(record, name, expected, witnesses)[1]))
    results.assert_distinct(models, FINE_TUNED_COPY)
    results.earn(record)


@weight(4)
@number("6.2d")
@tags("results")
def test_results_of_dwconvnet(results):
    """The results of 6.2 are real: DWConvNet's 100 epochs, whose checkpoint does what its record says."""
    record = results.record()
    witnesses = results.check_data(record, "cifar10")
    expected = Expected(100, 0.001, "DWConvNet", schedule="multistep", factor=multistep, adam=True, band=SMALLER_100)
    _, model = results.run(record, "adam", expected, witnesses)
    for name in ("yours", "provided"):
        results.assert_distinct([*results.other("6.2", name, "DWConvNet"), ("adam", model)])
    results.earn(record)


@weight(2)
@number("6.2e")
@tags("results")
def test_results_of_the_two_layers(results):
    """The results of 6.2 are real: training with your layer and with the provided one does the same."""
    record = results.record()
    witnesses = results.check_data(record, "cifar10")
    expected = Expected(3, 0.001, "DWConvNet", adam=True, band=DWCONVNET_3)
    runs = [results.run(record, name, expected, witnesses)[0] for name in ("yours", "provided")]
    # Both runs have the same first weights and images, so the first losses differ by rounding only.
    for step, (own, provided) in enumerate(zip(runs[0].losses[:3], runs[1].losses[:3], strict=True), start=1):
        assert_true(
            abs(own - provided) <= 0.01 * provided,
            f"At step {step} the loss is {own:.4f} with your layer and {provided:.4f} with the provided one, expected "
            "the same: both begin with the same weights.",
            "does your layer compute what the provided one does (6.1)?",
        )
    results.earn(record)
