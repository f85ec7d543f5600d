"""The benchmark of training compares what it says, on few images."""

from __future__ import annotations

import pytest
import torch

from benchmarks import training as benchmark
from course.trainer import EVALUATED


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    torch.set_num_threads(1)
    monkeypatch.setattr(benchmark, "SHARE", 20)


def test_without_instructions_for_bfloat16_nothing_is_measured(monkeypatch):
    monkeypatch.setattr(benchmark, "has_bfloat16", lambda: False)
    assert benchmark.precisions() == {}


def test_with_them_both_precisions_take_turns(monkeypatch):
    made: list[str] = []
    monkeypatch.setattr(benchmark, "has_bfloat16", lambda: True)
    monkeypatch.setattr(benchmark, "take_turns", lambda variants: {name: float(len(made)) for name in variants})
    monkeypatch.setattr(benchmark, "quick_training", lambda *, precision: made.append(precision))
    assert list(benchmark.precisions()) == ["Steps of 32, float32", "Steps of 32, bfloat16"]
    assert made == ["float32", "bfloat16"]


def test_the_quick_profile_as_it_was_has_other_weights_and_larger_batches(monkeypatch):
    sizes: list[int | None] = []
    evaluate = benchmark.evaluate
    monkeypatch.setattr(benchmark, "take_turns", lambda variants: {name: one() for name, one in variants.items()})

    def noted(model, test, size=None):
        sizes.append(size)
        return evaluate(model, test, size)

    monkeypatch.setattr(benchmark, "evaluate", noted)
    monkeypatch.setattr("course.trainer.evaluate", noted)
    found = benchmark.quick_epochs(bfloat16=False)
    assert list(found) == ["Quick profile, as it was", "Quick profile"]
    assert all(rate > 0 for rate in found.values())
    assert set(sizes) == {1000, None}
    assert EVALUATED["cpu"] < 1000
    for ordered in (False, True):
        kernel = list(benchmark.quick_training(ordered=ordered).model.parameters())[3]
        assert kernel.is_contiguous(memory_format=torch.channels_last) == ordered
