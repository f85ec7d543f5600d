"""The facts of PSet 2: computed from records as experiments write them, and measured by the suites."""

from __future__ import annotations

import json
import math
import random
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from torch import nn

from course import checkpoints, records
from course.datasets import load
from course.facts import accuracy_of, facts_of_records, read_records
from course.models import ConvNet
from course.records import Checkpoint, Claim, Data, Environment, Record, Run, Settings, Table
from grader import facts as of_grader
from grader.suites.recipes import Expected
from grader.suites.results_checks import Results
from harness.checks import CheckFailure
from harness.facts import Fact, compare, facts_of, of_question
from harness.grading import RunOptions, grade
from harness.problem import problem
from harness.reports import gradescope
from harness.validation.cases import SOLUTION

HERE = Environment("a processor", "3.11", "2.8", "0.23", "2.0", "Linux", 1)


def run(name: str, accuracies: list[float], *, rate: float = 0.1, seconds: float = 10.0, correct: int = 0) -> Run:
    """A finished run of one step an epoch."""
    settings = Settings(len(accuracies), 128, "sgd", rate, 0.9, 5e-4, "constant", 1, True, "float32")
    losses = [2.3 - one for one in accuracies]
    count = Claim(correct or round(10_000 * accuracies[-1]), 10_000)
    checkpoint = Checkpoint(f"{name}.safetensors", "0" * 64, "ConvNet", count, Claim(count.correct // 10, 1_000))
    epochs = len(accuracies)
    return Run(name, name, settings, losses, accuracies, [rate] * epochs, [seconds] * epochs, [], checkpoint)


def record(part: str, *runs: Run, seconds: float = 0.0, **other: Any) -> Record:
    total = seconds or sum(sum(one.seconds) for one in runs)
    return Record(part, part, "full", 1, HERE, {}, "complete", runs=list(runs), seconds=total, **other)


def value(facts: list[Fact], name: str, question: str = "") -> float | str:
    (found,) = {fact.value for fact in facts if fact.name == name and question in ("", fact.question)}
    return found


def facts(*found: Record) -> list[Fact]:
    return facts_of_records({one.part: one for one in found})


# ---- by part -------------------------------------------------------------------------------------------------------


def test_rates_have_their_accuracies_and_the_best_one_is_called_so():
    found = facts(
        record(
            "1.1",
            run("rate-0.0001", [0.3, 0.4518], rate=0.0001),
            run("rate-0.1", [0.5, 0.7134]),
            run("rate-1", [0.1, 0.1], rate=1.0),
        )
    )
    assert value(found, "test accuracy at learning rate 0.0001") == pytest.approx(45.18)
    assert value(found, "test accuracy at learning rate 0.1") == pytest.approx(71.34)
    assert value(found, "best learning rate") == 0.1
    claims = compare("0.1 was best: 71.3 %. With 1.0 the accuracy stays at 10 %, with 0.0001 it is 62 %.", found)
    assert [one.verdict for one in claims] == ["neither", "agrees", "neither", "agrees", "neither", "contradicts"]


def test_the_accuracy_is_the_checkpoints_and_the_curves_end_agrees_too():
    found = facts(record("3.2", run("unpruned", [0.6, 0.7], correct=7_010)))
    assert value(found, "test accuracy without pruning") == pytest.approx(70.1)
    for text in ("The accuracy is 70.1 %.", "The accuracy is 70.0 %."):
        assert [one.verdict for one in compare(text, found)] == ["agrees"]


def test_schedules_have_both_times_and_their_difference():
    found = facts(
        record(
            "1.2",
            run("multistep", [0.5, 0.92], seconds=690),
            run("cosine-annealing", [0.5, 0.93], seconds=700),
            seconds=2_800,
        )
    )
    assert value(found, "running time with multistep") == 1380
    total = "total running time of both schedules"
    assert value(found, f"{total} (sum of the two runs)") == 2780
    assert value(found, f"{total} (the whole part, with everything around the runs)") == 2800
    assert [one.verdict for one in compare("The total running time was 2800 s.", found)] == ["agrees"]
    assert value(found, "difference in test accuracy, cosine annealing minus multistep") == pytest.approx(1.0)
    assert [one.verdict for one in compare("The total running time was 46 min 20 s.", found)] == ["agrees"]
    assert [one.verdict for one in compare("The total running time was 1 h 24 min.", found)] == ["contradicts"]


SIZES = Table(
    "MNISTNet's parameters at 8 bits",
    ["array", "bytes, float32", "bytes, codes", "bytes, extra", "times smaller", "mean error", "largest error"],
    [["fc1.weight", 400_000, 100_000, 30, 3.9988, 0.25, 0.5], ["fc1.bias", 40, 10, 30, 1.0, 0.25, 0.5]],
)


def test_sizes_count_the_extra_arguments_and_pack_few_bits():
    found = facts(record("2.1", tables=[SIZES]))
    assert value(found, "bytes at full precision") == 400_040
    assert value(found, "bytes at 8 bits with extra arguments") == 100_070
    assert value(found, "bytes at 4 bits with extra arguments, packed") == 50_005 + 60
    assert value(found, "bytes at 2 bits with extra arguments, packed") == 25_003 + 60
    assert value(found, "times smaller at 8 bits with extra arguments") == pytest.approx(400_040 / 100_070)
    assert value(found, "times smaller at 8 bits with extra arguments, layer fc1") == pytest.approx(400_040 / 100_070)


@pytest.mark.parametrize(
    "text", ["It is 4 times smaller.", "A factor of 3.998.", "The layer is 4.00x smaller at 8 bits."]
)
def test_the_factor_of_a_layer_and_of_the_network_agree(text):
    assert "agrees" in [one.verdict for one in compare(text, facts(record("2.1", tables=[SIZES])))]


def test_bits_have_accuracies_losses_and_sizes_each_under_its_question():
    values = {"full": [0.975], "8 bits": [0.9748], "4 bits": [0.9731], "2 bits": [0.659]}
    found = facts(record("2.1", tables=[SIZES]), record("2.2", values=values))
    assert value(found, "loss of test accuracy at 2 bits", "2.2-2-bits") == pytest.approx(31.6)
    own = of_question(found, "2.2-4-bits")
    names = ["test accuracy at full precision", "test accuracy at 4 bits", "loss of test accuracy at 4 bits"]
    assert [fact.name for fact in own if fact.unit] == names
    assert [one.verdict for one in compare("The quantized network has an accuracy of 97.3 %.", own)] == ["agrees"]
    assert [one.verdict for one in compare("The quantized network has an accuracy of 90 %.", own)] == ["contradicts"]


def test_repetitions_have_a_mean_and_a_standard_error():
    values = {"full": [0.975], "banker's": [0.66], "stochastic": [0.7, 0.8, 0.75, 0.75]}
    found = facts(record("2.3", values=values))
    assert value(found, "mean test accuracy with stochastic rounding") == pytest.approx(75.0)
    assert value(found, "standard deviation of stochastic rounding") == pytest.approx(4.0825, abs=1e-3)
    assert value(found, "standard error of the mean of stochastic rounding") == pytest.approx(2.0412, abs=1e-3)
    claims = compare("Stochastic rounding gives 75.0 ± 4.1 %, banker's 66 %.", found)
    assert [one.verdict for one in claims] == ["agrees"] * 3


def test_losses_against_full_precision_have_a_standard_error():
    values = {"full": [0.975], "banker's": [0.66], "stochastic": [0.7, 0.8, 0.75, 0.75]}
    found = facts(record("2.3", values=values))
    assert value(found, "loss of test accuracy with banker's rounding against full precision") == pytest.approx(31.5)
    name = "loss of test accuracy with stochastic rounding against full precision"
    assert value(found, name) == pytest.approx(22.5)
    assert value(found, f"{name}: mean ± standard error") == "22.50\u00a0±\u00a02.04\u00a0points"
    name = "gain of test accuracy with stochastic rounding over banker's"
    assert value(found, name) == pytest.approx(9.0)
    assert value(found, f"{name}: mean ± standard error") == "9.00\u00a0±\u00a02.04\u00a0points"


def test_schedules_have_their_accuracies_around_the_milestones():
    accuracies = [epoch / 1000 for epoch in range(1, 101)]
    found = facts(record("1.2", run("multistep", accuracies), run("cosine-annealing", accuracies)))
    for epoch in (25, 26, 50, 51, 75, 76):
        assert value(found, f"test accuracy with multistep at epoch {epoch}") == pytest.approx(epoch / 10)
    quick = facts(record("1.2", run("multistep", accuracies[:10])))
    assert [fact.name[-2:].strip() for fact in quick if " at epoch " in fact.name] == ["3", "4", "5", "6", "8", "9"]
    claims = compare("With multistep it is 2.5 % accurate at epoch 25.", found)
    assert claims[0].verdict == "agrees"


def test_times_that_were_measured_beside_other_runs_say_so():
    beside, alone = run("multistep", [0.5, 0.92], seconds=690), run("cosine-annealing", [0.5, 0.93], seconds=700)
    beside.alone, alone.alone = False, True
    found = facts(record("1.2", beside, alone))
    assert value(found, "running time with multistep (measured beside other runs)") == 1380
    assert value(found, "running time with cosine annealing") == 1400
    total = "total running time of both schedules (sum of the two runs, measured beside other runs)"
    assert value(found, total) == 2780
    assert [one.verdict for one in compare("The total running time was 2780 s.", found)] == ["agrees"]


def test_parts_of_another_profile_are_not_compared():
    baseline = record("1.2", run("multistep", [0.5] * 5 + [0.92]))
    baseline.profile = "quick"
    found = facts(baseline, pruned("3.3", [0.80, 0.60, 0.82, 0.70, 0.75, 0.90]))
    assert not [fact for fact in found if "baseline" in fact.name]


def test_fine_tuning_says_why_next_to_nothing_is_right_before_the_training():
    columns = ["network", "parameters", "trainable", "trainable in fc", "trainable (%)"]
    table = Table("Parameters", columns, [["pt_net", 11_689_512, 11_689_512, 513_000, 100.0]])
    found = facts(record("4.1", tables=[table]), record("4.2", run("pt-net", [0.75])))
    said = value(found, "outputs of each network, more than the images have classes")
    assert said == "1,000: before the training, 0.1\u00a0% are right by chance"
    assert not [fact for fact in facts(record("4.2", run("pt-net", [0.75]))) if "outputs" in fact.name]


def test_the_number_of_matrix_products_is_shown_and_nothing_is_compared_with_it():
    table = Table("Found", ["what", "found"], [["matrix products of 4 layers with 8 heads", 500]])
    found = facts(record("5.1", tables=[table]))
    assert value(found, "matrix products of 4 layers with 8 heads (by count_matmuls)") == "500"
    assert [one.verdict for one in compare("There are 509 matrix products.", found)] == ["neither"]


def test_fine_tuning_has_its_accuracy_before_the_training_and_at_the_quarters():
    one = run("pt-net", [0.75])
    one.within = [(0.0, 0.001), (0.25, 0.5), (0.5, 0.6), (0.75, 0.7)]
    found = facts(record("4.2", one))
    assert value(found, "test accuracy of pt_net before the training") == pytest.approx(0.1)
    assert value(found, "test accuracy of pt_net after three quarters of the epoch") == pytest.approx(70)
    assert value(found, "test accuracy of pt_net") == pytest.approx(75)


ZEROS = Table("Weights that are 0, at the end", ["convolution", "weights", "zeros", "share (%)"], [[1, 900, 450, 50.0]])


def pruned(part: str, accuracies: list[float]) -> Record:
    made = run("pruned", accuracies)
    made.zeros = [[225 * sum(step <= epoch for step in (2, 4))] for epoch in range(1, len(accuracies) + 1)]
    return record(part, made, tables=[ZEROS], values={"pruned after epoch": [2, 4]})


def test_pruning_steps_have_accuracies_before_and_after_and_epochs_to_recover():
    baseline = record("1.2", run("multistep", [0.5] * 5 + [0.92]))
    found = facts(baseline, pruned("3.3", [0.80, 0.60, 0.82, 0.70, 0.75, 0.90]))
    assert value(found, "test accuracy before the pruning step at epoch 2") == pytest.approx(80.0)
    assert value(found, "test accuracy after the pruning step at epoch 2") == pytest.approx(60.0)
    assert value(found, "change of test accuracy by the pruning step at epoch 2") == pytest.approx(-20.0)
    assert [one.verdict for one in compare("At the first step it falls by 20.0 points.", found)] == ["agrees"]
    assert value(found, "epochs to recover from the pruning step at epoch 2") == 1
    assert value(found, "epochs to recover from the pruning step at epoch 4") == 2
    assert value(found, "share of the weights that are zero after the pruning step at epoch 4") == pytest.approx(50)
    assert value(found, "largest loss of test accuracy by a pruning step") == pytest.approx(20.0)
    assert value(found, "share of the weights that are zero at the end") == 50.0
    assert value(found, "weights that are zero at the end") == 450
    name = "difference of the network with pruned filters to the unpruned baseline"
    assert value(found, name) == pytest.approx(-2.0)
    text = "At epoch 4 the accuracy falls from 82 % to 70 %; the final accuracy is 2 points below the baseline."
    assert [one.verdict for one in compare(text, found)] == ["neither", *["agrees"] * 3]


def test_a_network_that_never_recovers_has_no_number_of_epochs():
    found = facts(pruned("3.3", [0.8, 0.6, 0.7, 0.5, 0.6]))
    assert value(found, "epochs to recover from the pruning step at epoch 4") == "it does not recover"
    assert value(facts(pruned("3.3", [0.5, 0.6])), "epochs to recover from the pruning step at epoch 2") == (
        "nothing was lost"
    )


def test_the_two_ways_of_pruning_are_compared():
    found = facts(pruned("3.3", [0.8, 0.6, 0.7, 0.6, 0.90]), pruned("3.4", [0.8, 0.8, 0.8, 0.8, 0.92]))
    own = of_question(found, "3.4")
    assert value(list(own), "difference in test accuracy, single weights minus filters") == pytest.approx(2.0)
    claims = compare("Unstructured pruning ends at an accuracy of 92 %, structured at 90 %.", own)
    assert [one.verdict for one in claims] == ["agrees", "agrees"]


def test_layers_have_parameters_factors_and_theory():
    columns = ["channels", "convolution", "depthwise separable", "factor", "theory: 1 / (1/C_out + 1/k²)"]
    table = Table("Parameters of a 3×3 layer", columns, [["64 → 128", 73_728, 8_768, 8.4088, 8.4088]])
    found = facts(record("6.1", tables=[table]))
    assert value(found, "parameters of a depthwise separable convolution, 64 → 128 channels") == 8768
    assert value(found, "1/C_out + 1/k² by theory, 64 → 128 channels") == pytest.approx(11.892, abs=1e-3)
    assert value(found, "factor of the parameters, all replaced layers together") == pytest.approx(8.4088, abs=1e-3)


def test_two_layers_have_a_ratio_of_times_whose_tolerance_is_that_of_the_epochs():
    slow = run("yours", [0.3, 0.4, 0.5])
    slow.seconds = [60.0, 50.0, 50.0]
    networks = Table("Parameters", ["network", "parameters"], [["DWConvNet", 520_778], ["ConvNet", 1_212_778]])
    runs = slow, run("provided", [0.3, 0.4, 0.5]), run("adam", [0.5, 0.887])
    found = facts(record("6.2", *runs, tables=[networks]), record("1.2", run("multistep", [0.5, 0.92])))
    assert value(found, "parameters of DWConvNet") == 520_778
    assert value(found, "difference of DWConvNet to ConvNet in test accuracy (1.2)") == pytest.approx(-3.3)
    assert value(found, "times slower than the provided layer (all epochs together)") == pytest.approx(160 / 30)
    assert value(found, "times slower than the provided layer (median epoch of each)") == 5
    for text, verdict in (("5.3× slower", "agrees"), ("5 times slower", "agrees"), ("12 times slower", "contradicts")):
        assert [one.verdict for one in compare(f"Our layer is {text}.", of_question(found, "6.2"))] == [verdict]


def test_each_run_that_earns_points_has_a_name():
    for part, name in (("1.1", "rate-0.1"), ("3.3", "pruned"), ("6.2", "adam"), ("4.2", "net-freeze-lora")):
        assert accuracy_of(part, name)[0].startswith("test accuracy")
        assert not accuracy_of(part, name)[0].endswith(f"of {name}")


# ---- records of any origin -----------------------------------------------------------------------------------------


def written(folder: Path, *found: Record) -> Path:
    for one in found:
        records.write(one, folder / "results" / one.part)
    return folder


def test_facts_of_a_folder_are_those_of_its_records(tmp_path):
    written(tmp_path, record("3.2", run("unpruned", [0.6, 0.7])))
    found = facts_of(tmp_path, {"tests": []})
    assert value(found, "test accuracy without pruning") == pytest.approx(70.0)


def test_records_that_cannot_be_read_or_lie_about_their_part_are_none(tmp_path):
    written(tmp_path, record("3.2", run("unpruned", [0.6, 0.7])))
    results = tmp_path / "results"
    shutil.copytree(results / "3.2", results / "1.1")
    (results / "1.2").mkdir()
    (results / "1.2" / "record.json").write_text('{"runs": ' + "[" * 100_000)
    (results / "2.1").symlink_to(tmp_path)
    (results / "6.2").write_text("no folder")
    assert list(read_records(results)) == ["3.2"]
    assert list(read_records(tmp_path / "nothing")) == []


COLUMNS = ("bytes, codes", "zeros", "depthwise separable", "against the provided one", "name", "value")
RUNS = ("rate-0.1", "multistep", "cosine-annealing", "unpruned", "pruned", "pt-net", "yours", "provided", "adam")
ODD = (0.0, 1.0, 0.5, -1.0, 1e300, -1e300, math.nan, math.inf, 2**62, "", "5", "banker's")


@pytest.mark.parametrize("seed", range(60))
def test_whatever_a_record_holds_there_are_facts_or_none(seed):
    chance = random.Random(seed)

    def odd(most: int, *, words: bool = False) -> list[Any]:
        values = [chance.choice(ODD) for _ in range(chance.randint(0, most))]
        return values if words else [one for one in values if not isinstance(one, str)]

    found = []
    for part in records.PARTS:
        runs = [run(name, [0.5]) for name in RUNS if chance.random() < 0.8]
        for one in runs:
            one.accuracies, one.losses, one.seconds = odd(4), odd(4), odd(4)
            one.zeros = [odd(9) for _ in range(chance.randint(0, 2))]
        columns = [chance.choice(COLUMNS) for _ in range(chance.randint(0, 3))]
        table = Table("a table", columns, [odd(6, words=True) for _ in range(chance.randint(0, 3))])
        values = {name: odd(3) for name in ("full", "8 bits", "banker's", "stochastic", "pruned after epoch")}
        found.append(Record(part, part, "full", 1, HERE, {}, runs=runs, tables=[table], values=values))
    for fact in facts(*found):
        assert fact.name
        assert json.dumps(msgspec.to_builtins(fact), allow_nan=False)


# ---- verdicts and measurements -------------------------------------------------------------------------------------


def row(number: str, state: str, **extra: Any) -> dict[str, Any]:
    return {"number": number, "extra_data": {"state": state, "seconds": 0.0, **extra}}


def test_verdicts_say_what_an_answer_may_presuppose(tmp_path):
    report = {"tests": [row("1.2a", "failed"), row("2.3b", "passed"), row("5.1s", "not run")]}
    found = list(of_grader.facts(tmp_path, report))
    assert value(found, "multistep divides the rate by 10 after epochs 25, 50 and 75 (test 1.2a)") == "no"
    assert value(found, "values are rounded up with the probability of their fraction (test 2.3b)") == "yes"
    assert not [fact for fact in found if "5.1s" in fact.name]
    name = "matrix products of the notebook's transformer (4 layers, 8 heads: N(15h + 7) + 1)"
    assert [fact.value for fact in found if fact.name.startswith("matrix products")] == [509]
    assert value(found, name) == 509
    assert value(found, "bytes of 784×128 weights in float32") == 401_408
    for text in (
        "It takes 401,408 bytes.",
        "100,352 bytes as codes; scale and shift are 8 bytes more.",
        "A factor of 3.9997.",
        "4x smaller",
    ):
        assert {one.verdict for one in compare(text, of_question(found, "2.1"))} == {"agrees"}


def test_what_tests_measured_is_among_the_facts(tmp_path):
    one = msgspec.to_builtins(Fact("2.2", "test accuracy at 8 bits (on 1,000 images)", 97.5, "%", "measured"))
    found = facts_of(tmp_path, {"tests": [row("2.2c", "passed", facts=[one, {"name": "no fact"}, 5]), "no row"]})
    assert value(found, "test accuracy at 8 bits (on 1,000 images)") == 97.5


def test_a_fault_of_the_module_costs_its_facts_alone(tmp_path, monkeypatch, caplog):
    def broken(work: Path, report: dict[str, Any]) -> list[Fact]:
        raise OSError("no disk")

    monkeypatch.setattr(of_grader, "facts", broken)
    one = msgspec.to_builtins(Fact("1.1", "something", 1.0))
    assert [fact.name for fact in facts_of(tmp_path, {"tests": [row("1.1a", "passed", facts=[one])]})] == ["something"]
    assert "incomplete" in caplog.text


def test_students_do_not_get_the_module_that_knows_answers():
    assert "grader/facts.py" in problem().hand_out.left_out


def test_facts_of_the_code_are_in_the_report_and_nowhere_that_students_look(launcher):
    gradebook = grade(SOLUTION, parts=("2.1h", "2.2c", "5.1s", "6.2c"), launcher=launcher)
    report = gradescope.render(gradebook)
    found = facts_of(Path("nowhere"), report)
    assert value(found, "parameters of DWConvNet") == 520_778
    assert value(found, "matrix products of the notebook's transformer (returned by count_matmuls(4, 8))") == 509
    name = "times smaller at 8 bits with extra arguments (measured, 784×128 weights)"
    assert 3.5 < float(value(found, name)) <= 4
    (now,) = (fact for fact in found if fact.name.startswith("test accuracy of the course's network at 8"))
    assert float(now.value) > 95
    assert now.question == "2.2-8-bits"
    for test in report["tests"]:
        del test["extra_data"]
    assert "784×128" not in json.dumps(report, ensure_ascii=False)


@pytest.mark.slow
def test_facts_come_from_processes_in_parallel_too():
    gradebook = grade(SOLUTION, parts=("6.2c", "2.1h"), options=RunOptions(jobs=2))
    found = facts_of(Path("nowhere"), gradescope.render(gradebook))
    assert value(found, "parameters of DWConvNet") == 520_778


def measured_of(part: str, name: str, model: nn.Module, architecture: Any, folder: Path) -> list[Fact]:
    """What is measured of a checkpoint, whatever becomes of the verdict."""
    found: list[Fact] = []

    def keep(name: str, value: float, unit: str = "", **other: Any) -> None:
        found.append(Fact(part, name, value, unit, "measured", other.get("tolerance")))

    checked = Results(folder, SOLUTION, part, keep)
    one = run(name, [0.5])
    path = folder / part / f"{name}.safetensors"
    path.parent.mkdir(parents=True)
    checkpoints.save(checkpoints.export(model, architecture), path)
    assert one.checkpoint is not None
    one.checkpoint = msgspec.structs.replace(one.checkpoint, sha256=checkpoints.digest(path), architecture=architecture)
    data = Data("cifar10", "fixtures", 320, 1_000, 16, "", "")
    with pytest.raises(CheckFailure):
        checked._check_checkpoint(
            record(part, one, data=data), one, Expected(1, 0.1, architecture), load("cifar10", "test").halved()
        )
    return found


def test_what_was_measured_from_checkpoints_is_among_the_facts(tmp_path):
    model = ConvNet()
    convolutions = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d)]
    with torch.no_grad():
        convolutions[1].weight[:16] = 0
    found = measured_of("3.3", "pruned", model, "ConvNet", tmp_path)
    assert 0 <= float(value(found, "test accuracy at the end with pruned filters (measured on 1,000 images)")) <= 40
    half = convolutions[1].weight.numel() * 16 / len(convolutions[1].weight)
    assert value(found, "weights that are zero in convolution 2 (measured)") == half
    share = 100 * half / sum(layer.weight.numel() for layer in convolutions)
    assert value(found, "share of the weights that are zero at the end (measured)") == pytest.approx(share)


def test_parameters_are_counted_in_the_checkpoint(tmp_path):
    found = measured_of("6.2", "adam", checkpoints.build("DWConvNet"), "DWConvNet", tmp_path)
    assert value(found, "parameters of DWConvNet at the end (measured)") == 520_778
