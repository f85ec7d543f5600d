"""How long steps take, which precision a processor takes, and in which order weights lie."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from torch import nn

from course import timing
from course.checkpoints import build
from course.checkpoints import load as load_network
from course.datasets import FIXTURES, load
from course.experiments import lab as lab_module
from course.experiments import part6
from course.experiments.profiles import PROFILES
from course.facts import facts_of_records
from course.layers import SparseConv2d
from course.layout import order_weights
from course.models import ConvNet
from course.records import Settings, read
from course.trainer import Precision, Training, agree, evaluate
from grader.suites.recipes import Expected
from tests.pset2.short_sessions import SHORT, run_part
from tests.pset2.test_training import ADAM, RECIPES, SGD, assert_same, finish, photos, small_net, small_training

Begin = Callable[[Precision], Training]


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch) -> None:
    torch.set_num_threads(1)
    monkeypatch.setattr(lab_module, "_FASTER", {})


# ---- what the processor says -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({"amx_bf16": True, "avx2": True, "cpu_name": "one"}, True),
        ({"amx_bf16": False, "avx512_bf16": True}, True),
        ({"amx_bf16": False, "avx512_bf16": False, "amx_fp16": True, "cpu_name": "one"}, False),
        ({}, False),
    ],
)
def test_pytorch_is_asked_for_what_the_processor_can(monkeypatch, capabilities, expected):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert timing.has_bfloat16() is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("model name\t: one\nflags\t\t: fpu avx512_bf16 amx_tile\n", True),
        ("flags\t\t: fpu avx2\n", False),
        ("Features\t: fp asimd bf16\n", True),
        ("", False),
    ],
)
def test_where_pytorch_says_nothing_the_system_is_asked(monkeypatch, text, expected):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    monkeypatch.setattr(Path, "read_text", lambda path: text)
    assert timing.has_bfloat16() is expected


def test_a_system_that_says_nothing_has_none(monkeypatch):
    def refuse(path: Path) -> str:
        raise PermissionError

    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    monkeypatch.setattr(Path, "read_text", refuse)
    assert timing.has_bfloat16() is False


# ---- which one is faster -----------------------------------------------------------------------------------------


class Clock:
    """Each step takes what it takes in its precision; the first ones take longer."""

    def __init__(self, **seconds: float) -> None:
        self.seconds, self.now, self.begun = seconds, 0.0, [""]
        self.steps: dict[str, int] = {}

    def begin(self, precision: Precision) -> Training:
        self.begun.append(precision)
        return small_training(small_net(), SGD)  # its own precision doesn't matter to this clock

    def __call__(self) -> float:
        precision = self.begun[-1]
        count = self.steps[precision] = self.steps.get(precision, 0) + 1
        self.now += 100.0 if count == 1 else self.seconds[precision]
        return self.now


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ({"float32": 3.0, "bfloat16": 1.0}, "bfloat16"),
        ({"float32": 1.0, "bfloat16": 16.0}, "float32"),
        ({"float32": 1.1, "bfloat16": 1.0}, "float32"),  # too near to be found again
    ],
)
def test_the_faster_precision_is_taken(seconds, expected):
    clock = Clock(**seconds)
    assert timing.faster_precision(clock.begin, clock) == expected
    assert clock.steps == {"float32": 3, "bfloat16": 3}  # two that count, after a first one


def test_more_steps_than_an_epoch_has_are_timed_in_several():
    assert len(timing.step_seconds(small_training(small_net(), SGD), 9)) == 9  # 100 photos are four steps


# ---- what runs take ----------------------------------------------------------------------------------------------


def never(*_: Any) -> Any:
    raise AssertionError("it was timed")


def test_without_instructions_nothing_is_timed(tmp_path, monkeypatch):
    monkeypatch.setattr(lab_module, "has_bfloat16", lambda: False)
    monkeypatch.setattr(lab_module, "faster_precision", never)
    record = run_part(tmp_path, "3.2")
    assert record.runs[0].settings.precision == "float32"


def test_the_precision_is_chosen_once_recorded_and_gone_on_with(tmp_path, monkeypatch):
    """The student's clock says bfloat16 the first time, and float32 ever after."""
    asked: list[nn.Module] = []

    def first(begin: Begin) -> Precision:
        asked.append(begin("bfloat16").model)
        return "bfloat16" if len(asked) == 1 else "float32"

    monkeypatch.setattr(lab_module, "has_bfloat16", lambda: True)
    monkeypatch.setattr(lab_module, "faster_precision", first)
    profile = replace(SHORT, long=2, training=64)
    record = run_part(tmp_path, "1.2", profile=profile)
    assert [run.settings.precision for run in record.runs] == ["bfloat16", "bfloat16"]
    assert [type(model) for model in asked] == [ConvNet]
    for run in record.runs:  # the curve's end is that of the weights that were kept
        assert run.checkpoint is not None
        assert run.accuracies[-1] == run.checkpoint.test.accuracy
    lab_module._FASTER.clear()
    unfinished = read(tmp_path / "1.2")
    unfinished.state, unfinished.runs = "unfinished", unfinished.runs[:1]
    (tmp_path / "1.2" / "record.json").write_bytes(msgspec.json.encode(unfinished))
    again = run_part(tmp_path, "1.2", profile=profile, resume=True)
    assert [run.settings.precision for run in again.runs] == ["bfloat16", "bfloat16"]
    assert len(asked) == 1
    assert again.runs[1].losses == record.runs[1].losses


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_either_precision_is_the_recipes(precision):
    settings = Settings(5, 128, "sgd", 0.1, 0.9, 5e-4, "constant", 1, True, precision)
    assert Expected(5, 0.1).settings(PROFILES["full"], settings) == settings


# ---- the last evaluation -----------------------------------------------------------------------------------------


@pytest.fixture
def evaluated(monkeypatch) -> list[nn.Module]:
    """The networks that are evaluated, one after another."""
    found: list[nn.Module] = []

    def noted(model: nn.Module, *others: Any) -> Any:
        found.append(model)
        return evaluate(model, *others)

    monkeypatch.setattr("course.trainer.evaluate", noted)
    monkeypatch.setattr(lab_module, "evaluate", noted)
    return found


def test_the_last_epoch_is_evaluated_once(tmp_path, evaluated):
    record = run_part(tmp_path, "1.2")
    assert [len(run.accuracies) for run in record.runs] == [5, 5]
    # 64 test images here: the 1,000 of fixtures/ are measured apart.
    assert len(evaluated) == 2 * (5 + 1)


def test_a_network_that_does_not_compute_what_is_kept_is_evaluated_itself(tmp_path, monkeypatch, evaluated):
    monkeypatch.setattr(lab_module, "agree", lambda *_: False)
    record = run_part(tmp_path, "3.2")
    (run,) = record.runs
    assert len(run.accuracies) == 1
    assert len(evaluated) == 3


def test_networks_agree_up_to_rounding_and_no_further():
    """Measured with this network and others: float16 weights change outputs by 0.002 of their spread at most."""
    net, data = load_network(FIXTURES / "convnet.safetensors", "ConvNet").train(), load("cifar10", "test")
    assert isinstance(net, ConvNet)
    rounded = copy.deepcopy(net)
    for parameter in rounded.parameters():
        if parameter.ndim > 1:
            parameter.data = parameter.data.half().float()
    assert agree(net, rounded, data)
    other = copy.deepcopy(net)
    with torch.no_grad():
        other.classifier.weight.mul_(1.1)
    assert not agree(net, other, data)
    with torch.no_grad():
        other.classifier.weight.fill_(torch.nan)
    assert not agree(net, other, data)
    assert net.training


@pytest.mark.parametrize("batch_size", [7, 50, 1000, None])
def test_the_size_of_batches_changes_no_count(batch_size):
    torch.manual_seed(43)
    net, data = small_net(), photos("test", 300)
    assert evaluate(net, data, batch_size) == evaluate(net, data, 100)


# ---- the order of weights ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "count"), [("ConvNet", 9), ("DWConvNet", 13), ("ResNet18", 20)])
def test_the_courses_networks_have_their_weights_in_the_order_of_images(name, count):
    network = build(name)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    assert order_weights(network) == count
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
    kernels = [module.weight for module in network.modules() if type(module) is nn.Conv2d]
    assert all(kernel.is_contiguous(memory_format=torch.channels_last) for kernel in kernels)


class Own(nn.Module):
    """A student's network, whose code may look at weights."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Conv2d(3, 4, 3)
        self.sparse = SparseConv2d(3, 4, 3)


def test_a_students_module_keeps_the_order_of_all_that_is_in_it():
    own = Own()
    assert order_weights(nn.Sequential(own, nn.Conv2d(3, 4, 3))) == 1
    own.body.weight.view(-1)
    own.sparse.weight.view(-1)


@RECIPES
def test_weights_in_the_order_of_images_train_alike_and_a_stopped_run_goes_on(recipe):
    """Their momentum is kept in one order and taken up in the other."""

    def begin(ordered: bool) -> Training:
        torch.manual_seed(43)
        network = nn.Sequential(
            nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(14 * 14 * 8, 10)
        )
        if ordered:
            assert order_weights(network) == 1
        data, test = (replace(photos(split), layout=torch.channels_last) for split in ("train", "test"))
        return Training(network, data, test, replace(recipe, epochs=3, rate=recipe.rate / 10))

    plain, ordered = finish(begin(False)), finish(begin(True))
    bound = 1e-2 if recipe is ADAM else 1e-4
    assert ordered.history.losses == pytest.approx(plain.history.losses, rel=bound)
    stopped = begin(True)
    stopped.epoch()
    state, history = stopped.state(), stopped.history
    again = begin(True)
    again.take_up(state, history)
    (weight, *_) = again.stepper.optimizer.param_groups[0]["params"]
    moments = [value for value in again.stepper.optimizer.state[weight].values() if value.shape == weight.shape]
    assert moments
    assert all(value.stride() == weight.stride() for value in moments)
    assert_same(ordered, finish(again))


# ---- two layers on a GPU -----------------------------------------------------------------------------------------


def test_where_epochs_are_graphs_the_two_layers_are_compared_by_plain_steps(tmp_path, monkeypatch):
    monkeypatch.setattr(part6, "takes_graphs", lambda device: True)
    monkeypatch.setattr(part6, "PLAIN_STEPS", 4)
    record = run_part(tmp_path, "6.2", profile=replace(SHORT, long=2, training=64))
    assert record.state == "complete", record.reason
    table = record.table("seconds an epoch")
    assert table is not None
    assert table.timed
    (own, slow, ratio, steps), (provided, fast, one, _) = table.rows
    assert (own, provided, one, steps) == ("layer of 6.1", "provided layer", 1.0, 4)
    assert isinstance(slow, float)
    assert isinstance(fast, float)
    assert slow / fast == pytest.approx(ratio)
    assert any("4 plain steps" in note for note in record.notes)
    assert [run.settings.precision for run in record.runs[:2]] == ["float32", "float32"]
    facts = {fact.name: fact.value for fact in facts_of_records({"6.2": record})}
    assert any("times slower" in name and "from 4 plain steps" in name for name in facts)
    assert not any("running time with your own layer" in name for name in facts)
    drawing = part6.draw_both({"6.2": record})["time"]
    assert drawing.figure.axes


def test_on_a_cpu_the_epochs_themselves_are_compared(quick_results):
    record = read(quick_results / "6.2")
    assert record.table("seconds an epoch") is None
    names = [fact.name for fact in facts_of_records({"6.2": record})]
    assert any("running time with your own layer" in name for name in names)
