"""Part 3: SparseConvNet without pruning for 5 epochs, and with two kinds of pruning for 100 epochs."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Sequence

import msgspec
from torch import nn

from course.experiments.experiment import Drawing, Experiment, Records
from course.experiments.lab import Lab, Network, Pruning
from course.experiments.part1 import constant_rate, scheduler_by
from course.experiments.student_code import StudentCodeError
from course.layers import SparseConv2d, UnstructuredSparseConv2d, get_sparse_conv2d_layers
from course.models import CONVNET_LAYERS, ConvNet
from course.plotting import bars, learning_curves, sparsity_curves
from course.records import Record, Run

__all__ = ["EXPERIMENTS"]

RATE = 0.1
#: The number of weights in each of ConvNet's convolutions.
WEIGHTS = [9 * c_in * c_out for c_in, c_out, _ in CONVNET_LAYERS]


def parameters(lab: Lab) -> None:
    """Run part 3.1: compare the parameters of SparseConvNet and ConvNet layer by layer."""
    net = lab.code.pruning.SparseConvNet()
    layers = get_sparse_conv2d_layers(net)
    plain = [layer for layer in ConvNet().modules() if isinstance(layer, nn.Conv2d)]
    found = [layer._weight.numel() for layer in layers]
    expected = [layer.weight.numel() for layer in plain]
    rows: list[list[str | int | float]] = [
        [f"convolution {place}", own, theirs]
        for place, (own, theirs) in enumerate(zip(found, expected, strict=False), start=1)
    ]
    totals = [sum(parameter.numel() for parameter in one.parameters()) for one in (net, ConvNet())]
    rows.append(["all parameters", *totals])
    lab.table("Parameters by layer", ["layer", "SparseConvNet", "ConvNet"], rows)


def draw_parameters(records: Records) -> dict[str, Drawing]:
    table = records["3.1"].table("SparseConvNet")
    if table is None:
        return {}
    rows = table.rows[:-1]
    groups = {"SparseConvNet": [float(row[1]) for row in rows]}
    title = "Weights of the sparse convolutions"
    figure = bars([str(row[0]) for row in rows], groups, title=title, xlabel="Weights")
    caption = "Weights of each sparse convolution, the weights that pruning can set to zero (part 3.1)."
    return {"weights": Drawing(figure, caption)}


def unpruned(lab: Lab) -> None:
    """Run part 3.2: train SparseConvNet without pruning."""
    make = lab.code.pruning.SparseConvNet
    data = lab.cifar10()
    recipe = lab.recipe(epochs=lab.profile.short, rate=RATE, make_scheduler=constant_rate, schedule="constant")
    # The images have another order than in 1.1. Otherwise a copy of ConvNet's weights would train identically.
    recipe = dataclasses.replace(recipe, seed=recipe.seed + 1)
    lab.train(Network("unpruned", "SparseConvNet", make, "ConvNet"), recipe, data)


def draw_unpruned(records: Records) -> dict[str, Drawing]:
    runs = [*_run_of(records, "1.1", f"rate-{RATE:g}", "ConvNet"), *records["3.2"].runs]
    figure = learning_curves(runs, title="SparseConvNet without pruning")
    caption = "SparseConvNet against ConvNet, both unpruned at rate 0.1 (part 3.2)."
    if len(runs) == len(records["3.2"].runs):
        caption += " ConvNet's curve comes with part 1.1."
    return {"unpruned": Drawing(figure, caption)}


def _run_of(records: Records, part: str, name: str, title: str) -> list[Run]:
    """Return a run of another part under another title, for a comparison; an empty list if there is none."""
    record = records.get(part)
    run = record.run(name) if record is not None else None
    if run is None:
        return []
    return _titled([run], title)


def epochs_of(lab: Lab) -> list[int]:
    """Return the epochs of this profile after which the network is pruned.

    Raises:
        NotImplementedYet: PRUNE_EPOCHS is not set.
        StudentCodeError: it is not a list of epochs up to 100.
    """
    given = lab.code.constant("pruning", "PRUNE_EPOCHS")
    try:
        epochs = [int(epoch) for epoch in given]  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        epochs = []
    if not epochs or not all(0 <= epoch <= lab.profile.long * lab.profile.lapse for epoch in epochs):
        raise StudentCodeError(f"PRUNE_EPOCHS in pruning.py is {given!r}, expected a list of epochs up to 100")
    return [max(1, math.ceil(epoch / lab.profile.lapse)) for epoch in epochs]


def percentage_of(lab: Lab) -> float:
    """Return the fraction of units that each step prunes.

    Raises:
        NotImplementedYet: PRUNE_PERCENTAGE is not set.
        StudentCodeError: it is not between 0 and 1.
    """
    given = lab.code.constant("pruning", "PRUNE_PERCENTAGE")
    if not isinstance(given, int | float) or not 0 < given < 1:
        raise StudentCodeError(
            f"PRUNE_PERCENTAGE in pruning.py is {given!r}, expected a fraction such as 0.1, which is a tenth"
        )
    return float(given)


def prune(lab: Lab, function: str, layer: type[SparseConv2d], title: str) -> None:
    """Train SparseConvNet for 100 epochs with MultiStepLR, and prune it after each of PRUNE_EPOCHS."""
    percentage, epochs = percentage_of(lab), epochs_of(lab)
    code = lab.code.pruning
    pruning = getattr(code, function)
    make_scheduler = lab.code.training.make_scheduler
    data = lab.cifar10()
    recipe = lab.recipe(
        epochs=lab.profile.long,
        rate=RATE,
        make_scheduler=functools.partial(
            scheduler_by, make_scheduler, "multistep", lab.profile.long * lab.profile.lapse
        ),
        schedule="multistep",
    )
    lab.values({"pruned after epoch": epochs})
    steps = Pruning(lambda net: pruning(net, percentage), epochs)
    lab.train(Network("pruned", title, lambda: code.SparseConvNet(layer), "ConvNet"), recipe, data, pruning=steps)
    for run in lab.record.runs:
        if run.zeros:
            lab.table(
                "Weights that are 0, at the end",
                ["convolution", "weights", "zeros", "share (%)"],
                [
                    [place, weights, zeros, 100 * zeros / weights]
                    for place, (weights, zeros) in enumerate(zip(WEIGHTS, run.zeros[-1], strict=False), start=1)
                ],
            )


def structured(lab: Lab) -> None:
    """Run part 3.3: prune filters."""
    prune(lab, "filter_l1_pruning", SparseConv2d, "half of the filters pruned")


def unstructured(lab: Lab) -> None:
    """Run part 3.4: prune single weights."""
    prune(lab, "unstructured_pruning", UnstructuredSparseConv2d, "half of the weights pruned")


def _draw_pruned(records: Records, part: str, runs: list[Run], title: str) -> dict[str, Drawing]:
    record: Record = records[part]
    steps = [int(epoch) for epoch in record.values.get("pruned after epoch", [])]
    curves = learning_curves(runs, title=title, marks=steps, mark_label="pruning steps")
    compared = ", ".join(run.title for run in runs)
    missing = "" if any(run.title == BASELINE for run in runs) else f" The {BASELINE} comes with part 1.2."
    drawings = {"accuracy": Drawing(curves, f"Loss and test accuracy: {compared} (part {part}).{missing}")}
    pruned = [run for run in record.runs if run.zeros]
    if pruned:
        figure = sparsity_curves(pruned, totals=WEIGHTS, title="Share of the weights that are zero")
        drawings["sparsity"] = Drawing(figure, f"Sparsity of the network and of its layers by epoch (part {part}).")
    return drawings


BASELINE = "unpruned baseline"


def _titled(runs: Sequence[Run], title: str) -> list[Run]:
    return [msgspec.structs.replace(run, title=title) for run in runs]


def draw_structured(records: Records) -> dict[str, Drawing]:
    runs = _run_of(records, "1.2", "multistep", BASELINE) + _titled(records["3.3"].runs, "half of the filters pruned")
    return _draw_pruned(records, "3.3", runs, "Pruning filters")


def draw_unstructured(records: Records) -> dict[str, Drawing]:
    runs = [
        *_run_of(records, "1.2", "multistep", BASELINE),
        *_run_of(records, "3.3", "pruned", "structured: filters"),
        *_titled(records["3.4"].runs, "unstructured: single weights"),
    ]
    return _draw_pruned(records, "3.4", runs, "Structured against unstructured pruning")


EXPERIMENTS = (
    Experiment("3.1", "A sparse ConvNet", parameters, draw_parameters),
    Experiment("3.2", "Training it unpruned", unpruned, draw_unpruned),
    Experiment("3.3", "Pruning filters", structured, draw_structured),
    Experiment("3.4", "Pruning single weights", unstructured, draw_unstructured),
)
