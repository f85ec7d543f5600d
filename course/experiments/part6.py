"""Part 6: size and speed of depthwise separable convolutions, and DWConvNet trained for 100 epochs."""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Callable, Mapping

import msgspec
import torch
from torch import nn

from course.checkpoints import CheckpointError, with_provided_layers
from course.datasets import ImageDataset
from course.experiments.experiment import Drawing, Experiment, Records
from course.experiments.lab import Lab, Network
from course.experiments.part1 import constant_rate, scheduler_by
from course.experiments.student_code import StudentCodeError
from course.layers import DepthwiseSeparableConvolutionSolution
from course.models import CONVNET_LAYERS, DEPTHWISE_LAYERS, ConvNet, DWConvNet
from course.plotting import bars, epoch_seconds, learning_curves
from course.timing import epoch_time, step_seconds
from course.trainer import Recipe, Training

__all__ = ["EXPERIMENTS"]

#: Adam's default rate.
RATE = 0.001
KERNEL = 3
REPETITIONS = 5
#: The number of steps without a CUDA graph that are timed for each layer on a GPU.
PLAIN_STEPS = 50


#: The titles of the two runs that part 6.2 compares.
TITLES = {"yours": "layer of 6.1", "provided": "provided layer"}


def _parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def _seconds(layer: nn.Module, images: torch.Tensor) -> float:
    """Return the median time of a forward and a backward pass, in seconds."""
    times = []
    for _ in range(REPETITIONS + 1):  # the first pass also allocates memory
        started = time.perf_counter()
        layer(images).sum().backward()
        if images.is_cuda:
            torch.cuda.synchronize()
        times.append(time.perf_counter() - started)
    return statistics.median(times[1:])


def sizes(lab: Lab) -> None:
    """Run part 6.1: count the parameters of the layers that DWConvNet replaces, and time one of them."""
    make = lab.code.depthwise.DepthwiseSeparableConvolution
    rows: list[list[str | int | float]] = []
    for place in DEPTHWISE_LAYERS:
        c_in, c_out, _ = CONVNET_LAYERS[place - 1]
        full = _parameters(nn.Conv2d(c_in, c_out, KERNEL, bias=False))
        separable = _parameters(make(c_in, c_out, KERNEL))
        rows.append([f"{c_in} → {c_out}", full, separable, full / separable, 1 / (1 / c_out + 1 / KERNEL**2)])
    lab.table(
        "Parameters of a 3×3 layer",
        ["channels", "convolution", "depthwise separable", "factor", "theory: 1 / (1/C_out + 1/k²)"],
        rows,
    )
    c_in, c_out, _ = CONVNET_LAYERS[DEPTHWISE_LAYERS[2] - 1]
    images = torch.randn(lab.profile.batch_size, c_in, 8, 8, device=lab.device)
    layers = {
        "convolution": nn.Conv2d(c_in, c_out, KERNEL, padding=1, bias=False),
        "depthwise separable, provided": DepthwiseSeparableConvolutionSolution(c_in, c_out, KERNEL),
        "depthwise separable, without groups": make(c_in, c_out, KERNEL),
    }
    times = {name: _seconds(layer.to(lab.device), images) for name, layer in layers.items()}
    provided = times["depthwise separable, provided"]
    lab.table(
        f"Forward and backward, {c_in} → {c_out} channels, {images.shape[0]} images of 8×8 (medians of {REPETITIONS})",
        ["layer", "milliseconds", "against the provided one"],
        [[name, 1000 * seconds, seconds / provided] for name, seconds in times.items()],
        timed=True,
    )


def draw_sizes(records: Records) -> dict[str, Drawing]:
    table = records["6.1"].table("depthwise separable")
    if table is None:
        return {}
    groups = {
        "counted": [100 * float(row[2]) / float(row[1]) for row in table.rows],
        "theory: 1/C_out + 1/k²": [100 / float(row[4]) for row in table.rows],
    }
    labels = [f"layer {place}\n{row[0]}" for place, row in zip(DEPTHWISE_LAYERS, table.rows, strict=False)]
    title = "Depthwise separable layers of DWConvNet against convolutions"
    figure = bars(labels, groups, title=title, xlabel="Share of the convolution's parameters (%)")
    caption = "Parameters of a depthwise separable layer with 3×3 kernels, as % of a convolution's (part 6.1)."
    return {"parameters": Drawing(figure, caption)}


def takes_graphs(device: torch.device) -> bool:
    """Say whether training steps are CUDA graphs on this device. Their times say little about a layer's code."""
    return device.type == "cuda"


def time_plain_steps(
    lab: Lab,
    networks: Mapping[str, Callable[[], nn.Module]],
    recipe: Recipe,
    data: tuple[ImageDataset, ImageDataset],
) -> None:
    """Add a table of the time of an epoch with each network, measured on steps without a CUDA graph.

    Args:
        networks: makers of the networks, by title; the last one has the provided layer.
    """
    found = {}
    for name, make in networks.items():
        torch.manual_seed(lab.record.seed)
        training = Training(make().to(lab.device), *data, recipe, graphs=False)
        if lab.dry:
            lab.estimate += PLAIN_STEPS * statistics.median(step_seconds(training, 3))
        else:
            found[name] = epoch_time(training, len(data[0]), len(data[1]), PLAIN_STEPS).seconds
    if found:
        *_, provided = found.values()
        lab.table(
            f"Time of an epoch, extrapolated from the median of {PLAIN_STEPS} plain steps and from one evaluation",
            ["layer", "seconds an epoch", "against the provided one", "timed steps"],
            [[name, seconds, seconds / provided, PLAIN_STEPS] for name, seconds in found.items()],
            timed=True,
        )
        lab.note(
            "The epochs with either layer ran as CUDA graphs, which take about the same time however a layer is "
            f"written. So the layers are compared by {PLAIN_STEPS} plain steps of each."
        )


def train_both(lab: Lab) -> None:
    """Run part 6.2: a few epochs with each of the two layers, then 100 epochs with the provided one."""
    block = lab.code.depthwise.dw_conv_block
    make_scheduler = lab.code.training.make_scheduler

    def checked(c_in: int, c_out: int) -> nn.Module:
        made = block(c_in, c_out)
        if not isinstance(made, nn.Module):
            raise StudentCodeError(f"dw_conv_block in depthwise.py returned a {type(made).__name__}, expected a module")
        return made

    def own() -> nn.Module:
        return DWConvNet(checked)

    def provided() -> nn.Module:
        try:
            return with_provided_layers(own())  # the same random numbers make both begin with the same weights
        except CheckpointError as error:
            raise StudentCodeError(f"depthwise.py: {error}") from None

    networks = {"DWConvNet": own(), "ConvNet": ConvNet()}
    rows: list[list[str | int | float]] = [[name, _parameters(network)] for name, network in networks.items()]
    lab.table("Parameters of the networks", ["network", "parameters"], rows)
    data = lab.cifar10()
    adam = {"rate": RATE, "optimizer": "adam"}
    timed = lab.recipe(epochs=lab.profile.timing, make_scheduler=constant_rate, schedule="constant", **adam)
    layers = {"yours": own, "provided": provided}
    for name, network in layers.items():
        lab.train(Network(name, TITLES[name], network, "DWConvNet"), timed, data, exact=True)
    if takes_graphs(lab.device):
        time_plain_steps(lab, {TITLES[name]: network for name, network in layers.items()}, timed, data)
    epochs = lab.profile.long
    recipe = lab.recipe(
        epochs=epochs,
        make_scheduler=functools.partial(scheduler_by, make_scheduler, "multistep", epochs * lab.profile.lapse),
        schedule="multistep",
        **adam,
    )
    lab.train(Network("adam", "DWConvNet, Adam", provided, "DWConvNet"), recipe, data)


def draw_both(records: Records) -> dict[str, Drawing]:
    record = records["6.2"]
    drawings: dict[str, Drawing] = {}
    runs = [(record.run(name), title) for name, title in TITLES.items()]
    timed = [msgspec.structs.replace(run, title=title) for run, title in runs if run is not None and run.seconds]
    plain = record.table("seconds an epoch")
    if plain is not None:
        labels, seconds = [str(row[0]) for row in plain.rows], [float(row[1]) for row in plain.rows]
        title = f"DWConvNet: time of an epoch, by {plain.rows[0][3]} plain steps"
        figure = bars(labels, {"time of an epoch": seconds}, title=title, xlabel="Time per epoch (s)")
        drawings["time"] = Drawing(figure, "The layer of 6.1 against the provided one (part 6.2).")
    elif timed:
        figure = epoch_seconds(timed, title="DWConvNet: time by epoch")
        drawings["time"] = Drawing(figure, "The layer of 6.1 against the provided one (part 6.2).")
    long = record.run("adam")
    if long is not None and long.accuracies:
        figure = learning_curves([long], title="DWConvNet with Adam")
        drawings["training"] = Drawing(figure, "Training loss and test accuracy of DWConvNet (part 6.2).")
    return drawings


EXPERIMENTS = (
    Experiment("6.1", "Depthwise separable convolution", sizes, draw_sizes, timed=True),
    Experiment("6.2", "A network of such layers", train_both, draw_both, timed=True),
)
