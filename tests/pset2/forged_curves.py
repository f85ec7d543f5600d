"""Forgeries whose curves no training makes, of networks that are real."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from course.datasets import FIXTURES
from tests.pset2.forged_networks import put_full
from tests.pset2.forgeries import edit_run, forgery

__all__: list[str] = []

Losses = list[float]


def draw(results: Path, change: Callable[[Losses], Losses], name: str = "multistep") -> None:
    """Change the losses of a run of 1.2."""
    edit_run(results / "1.2", name, lambda run: run.update(losses=change(run["losses"])))


@forgery("1.2e", "losses lie on a smooth curve")
def losses_on_a_line(results: Path) -> None:
    draw(results, lambda losses: [2.3 - 0.007 * step for step in range(len(losses))])


@forgery("1.2f", "losses lie on a smooth curve")
def losses_that_decay(results: Path) -> None:
    draw(results, lambda losses: [2.3 * 0.99**step for step in range(len(losses))], "cosine-annealing")


@forgery("1.2e", "of 100 losses only 1 differ")
def one_loss_for_all_steps(results: Path) -> None:
    draw(results, lambda losses: [2.0] * len(losses))


@forgery("1.2e", "of 100 losses only 10 differ")
def one_epoch_for_all(results: Path) -> None:
    draw(results, lambda losses: losses[:10] * 10)


@forgery("1.2e", "the loss rises at 0% of the steps")
def losses_that_never_rise(results: Path) -> None:
    draw(results, lambda losses: sorted(losses, reverse=True))


@forgery("1.2e", "the losses repeat a pattern")
def losses_that_are_a_formula_of_the_step(results: Path) -> None:
    draw(results, lambda losses: [2.3 - 0.001 * step + 0.01 * (37 * step % 101) / 10 for step in range(len(losses))])


@forgery("1.2e", "the same losses in the last epoch")
def the_other_schedules_losses(results: Path) -> None:
    other = losses_of(results / "1.2", "cosine-annealing")
    draw(results, lambda losses: losses[:50] + other[50:])


@forgery("3.3i", "pruned and 1.2/multistep have the same losses")
def another_parts_losses(results: Path) -> None:
    other = losses_of(results / "1.2", "multistep")
    edit_run(results / "3.3", "pruned", lambda run: run.update(losses=other))


def losses_of(folder: Path, name: str) -> Losses:
    record: dict[str, Any] = json.loads((folder / "record.json").read_text())
    losses: Losses = next(run["losses"] for run in record["runs"] if run["name"] == name)
    return losses


@forgery("3.2b", "the accuracies lie on a line")
def full_results_with_accuracies_on_a_line(results: Path) -> None:
    line = [(8_498 - 400 * epoch) / 10_000 for epoch in (4, 3, 2, 1, 0)]
    put_full(results / "3.2", "unpruned", load_file(FIXTURES / "convnet.safetensors"), 8_498, 836, line)
