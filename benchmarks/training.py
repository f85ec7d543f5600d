"""What training costs: against the notebook's way, in other orders and precisions, and several runs at the same time.

    python -m benchmarks.training

Absolute numbers depend on the machine and are for orientation; the ratios compare variants that took turns in this run.
Where other work shares the cores, threads wait for each other: OMP_NUM_THREADS=1 compares the variants without that. On
a machine with a CUDA device, an epoch is timed there as well.
"""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

import torch
from PIL import Image
from rich.console import Console
from rich.table import Table
from torch import nn
from torch.optim import SGD
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from course.datasets import ImageDataset, load
from course.experiments.profiles import PROFILES
from course.layout import order_weights
from course.models import ConvNet
from course.timing import has_bfloat16, step_seconds
from course.trainer import EVALUATED, Evaluation, Precision, Recipe, Training, evaluate

ROUNDS = 3
BATCH = 128
#: Steps that are timed in a round, after a first one that is not: there the loader's workers start.
STEPS = 6
#: Batches of a round of the input pipelines.
BATCHES = {"notebook": 40, "course": 160}
#: Steps of each of the runs that are compared with two at the same time.
RUN_STEPS = 3
#: The quick profile, of which a share of an epoch is measured.
QUICK = PROFILES["quick"]
SHARE = 2
#: Images that were evaluated at a time before it was measured what is fast.
EVALUATED_BEFORE = 1000
FLOAT32, BFLOAT16 = "Steps of 32, float32", "Steps of 32, bfloat16"

RECIPE = Recipe(
    epochs=1000,
    rate=0.05,
    momentum=0.9,
    batch_size=BATCH,
    make_scheduler=lambda optimizer: torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1),
    augment=True,
)


def photos(count: int, layout: torch.memory_format = torch.channels_last) -> ImageDataset:
    """The training images of the fixtures, as often as it takes."""
    data = load("cifar10", "train")
    index = torch.arange(count) % len(data)
    return replace(data, images=data.images[index], labels=data.labels[index], layout=layout)


class Photos(Dataset[tuple[Any, int]]):
    """Images one by one, as torchvision's CIFAR10 gives them to the notebook."""

    def __init__(self, data: ImageDataset) -> None:
        self.pixels = data.images.permute(0, 2, 3, 1).contiguous().numpy()
        self.labels = data.labels.tolist()
        self.transform = transforms.Compose(
            [
                transforms.RandomCrop(32, padding=4),
                transforms.RandomHorizontalFlip(),
                transforms.ToTensor(),
                transforms.Normalize(data.mean, data.std),
            ]
        )

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        return self.transform(Image.fromarray(self.pixels[index])), self.labels[index]


def loader(count: int) -> DataLoader[Any]:
    return DataLoader(Photos(photos(count)), batch_size=BATCH, shuffle=True, num_workers=2)


class Clock:
    """Images a second, from the end of the first step on."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def tick(self, *_: object) -> None:
        self.times.append(time.perf_counter())

    @property
    def rate(self) -> float:
        return BATCH * (len(self.times) - 1) / (self.times[-1] - self.times[0])


def take_turns(variants: dict[str, Callable[[], float]], rounds: int = ROUNDS) -> dict[str, float]:
    """The median of what each variant measures; they run one after another in each round."""
    found: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, variant in variants.items():
            found[name].append(variant())
    return {name: statistics.median(values) for name, values in found.items()}


# ---- from images to weights --------------------------------------------------------------------------------


def notebook_training() -> Callable[[], float]:
    model = ConvNet()
    optimizer = SGD(model.parameters(), lr=RECIPE.rate, momentum=RECIPE.momentum)
    batches = loader(BATCH * (STEPS + 1))

    def run() -> float:
        clock, losses = Clock(), []
        model.train()
        for images, labels in batches:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            clock.tick()
        return clock.rate

    return run


def course_training() -> Callable[[], float]:
    training = Training(ConvNet(), photos(BATCH * (STEPS + 1)), photos(10), RECIPE)

    def run() -> float:
        clock = Clock()
        training.epoch(clock.tick)
        return clock.rate

    return run


def notebook_input() -> float:
    clock = Clock()
    for _ in loader(BATCH * BATCHES["notebook"]):
        clock.tick()
    return clock.rate


def course_input(threads: int) -> float:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    clock = Clock()
    for _ in photos(BATCH * BATCHES["course"]).batches(BATCH, torch.Generator().manual_seed(43), augment=True):
        clock.tick()
    torch.set_num_threads(before)
    return clock.rate


# ---- the quick profile's steps and evaluations --------------------------------------------------------------


def quick_training(
    layout: torch.memory_format = torch.channels_last, *, ordered: bool = True, precision: Precision = "float32"
) -> Training:
    """A share of an epoch of the quick profile, with as large a share of its test images.

    Args:
        ordered: weights are in the order of the images, too.
    """
    torch.manual_seed(43)
    model = ConvNet()
    if ordered:
        order_weights(model)
    assert QUICK.training is not None
    training, test = photos(QUICK.training // SHARE, layout), photos(1000 // SHARE, layout)
    return Training(model, training, test, replace(RECIPE, batch_size=QUICK.batch_size), precision=precision)


def steps_of(training: Training) -> Callable[[], float]:
    return lambda: training.recipe.batch_size / statistics.median(step_seconds(training, 3))


def orders() -> dict[str, float]:
    """Images a second in training, by the order of the numbers in memory."""
    last = torch.channels_last
    return take_turns(
        {
            "Steps of 32, all contiguous": steps_of(quick_training(torch.contiguous_format, ordered=False)),
            "Steps of 32, images channels-last": steps_of(quick_training(last, ordered=False)),
            "Steps of 32, weights channels-last too": steps_of(quick_training(last)),
        }
    )


def precisions() -> dict[str, float]:
    """Images a second in training, where the processor has instructions for bfloat16; nothing elsewhere."""
    if not has_bfloat16():
        return {}
    variants: dict[str, Precision] = {FLOAT32: "float32", BFLOAT16: "bfloat16"}
    return take_turns({name: steps_of(quick_training(precision=one)) for name, one in variants.items()})


def evaluations() -> dict[str, float]:
    """Images a second in evaluation, by the number of images at a time."""
    model = quick_training().model

    def variant(size: int) -> Callable[[], float]:
        test = photos(EVALUATED_BEFORE // 2)  # a half shows it

        def rate() -> float:
            started = time.perf_counter()
            evaluate(model, test, size)
            return len(test) / (time.perf_counter() - started)

        return rate

    sizes = [EVALUATED_BEFORE, EVALUATED["cpu"]]
    return take_turns({f"Evaluation, {size:,} images at a time": variant(size) for size in sizes})


def quick_epochs(*, bfloat16: bool) -> dict[str, float]:
    """Images a second in a share of an epoch, its evaluation included: as it was, and as it is.

    Args:
        bfloat16: it is faster here, so that experiments take it.
    """
    before, now = quick_training(ordered=False), quick_training(precision="bfloat16" if bfloat16 else "float32")

    def evaluated_before() -> Evaluation:
        return evaluate(before.model, before.test, EVALUATED_BEFORE)

    def variant(training: Training, measure: Callable[[], Evaluation] | None) -> Callable[[], float]:
        def rate() -> float:
            training.epoch(measure=measure)
            return len(training.training) / training.history.seconds[-1]

        return rate

    return take_turns(
        {"Quick profile, as it was": variant(before, evaluated_before), "Quick profile": variant(now, None)}
    )


# ---- runs at the same time ---------------------------------------------------------------------------------


def one_run(connection: Connection, threads: int) -> None:
    """Train ``RUN_STEPS`` steps whenever something arrives; nothing ends it."""
    torch.set_num_threads(threads)
    training = Training(ConvNet(), photos(BATCH * RUN_STEPS), photos(10), RECIPE)
    while True:
        training.epoch()
        connection.send(None)
        if connection.recv() is None:
            return


class Run:
    """A process with a training run; its first epoch is over when it has been made."""

    def __init__(self, threads: int) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.connection, theirs = spawn.Pipe()
        self.process = spawn.Process(target=one_run, args=(theirs, threads), daemon=True)
        self.process.start()
        self.wait()

    def go(self) -> None:
        self.connection.send("go")

    def wait(self) -> None:
        self.connection.recv()

    def end(self) -> None:
        self.connection.send(None)
        self.process.join()


def two_runs(threads: int) -> dict[str, float]:
    """Images a second of two runs together."""
    everything, *single = runs = [Run(threads), Run(1), Run(1)]

    def one_after_another() -> float:
        start = time.perf_counter()
        for _ in range(2):
            everything.go()
            everything.wait()
        return 2 * RUN_STEPS * BATCH / (time.perf_counter() - start)

    def at_the_same_time() -> float:
        start = time.perf_counter()
        for run in single:
            run.go()
        for run in single:
            run.wait()
        return 2 * RUN_STEPS * BATCH / (time.perf_counter() - start)

    variants = {
        f"Two runs one after another, threads: {threads}": one_after_another,
        "Two runs at the same time, a thread each": at_the_same_time,
    }
    found = take_turns(variants)
    for run in runs:
        run.end()
    return found


# ---- on a GPU ----------------------------------------------------------------------------------------------


def epochs_on_gpu() -> dict[str, float]:
    """Seconds of an epoch with as many images as CIFAR-10 has, its evaluation included."""
    training, test = photos(50_000).to("cuda"), photos(10_000).to("cuda")

    def variant(graphs: bool, precision: Precision) -> Callable[[], float]:
        run = Training(ConvNet().to("cuda"), training, test, RECIPE, graphs=graphs, precision=precision)
        run.epoch()  # libraries choose their algorithms, and the graph is captured

        def epoch() -> float:
            run.epoch()
            return run.history.seconds[-1]

        return epoch

    return take_turns(
        {
            "plain steps, float32": variant(False, "float32"),
            "CUDA graph, float32": variant(True, "float32"),
            "CUDA graph, bfloat16": variant(True, "bfloat16"),
        }
    )


def main() -> None:
    threads = torch.get_num_threads()
    torch.manual_seed(43)
    table = Table("What", "Median", "Ratio", "Aim", title=f"Training ConvNet, threads: {threads}", title_justify="left")

    def add(found: dict[str, float], aim: str = "") -> None:
        """A row for each; the first is what the others are compared with."""
        first = next(iter(found.values()))
        for name, rate in found.items():
            table.add_row(name, f"{rate:,.0f} images/s", f"{rate / first:.2f}", "" if rate is first else aim)

    add(take_turns({"Training, the notebook's way": notebook_training(), "Training": course_training()}), "≥ 1.2")
    inputs = {
        "Input alone, the notebook's way": notebook_input,
        "Input alone": lambda: course_input(threads),
        "Input alone, one thread": lambda: course_input(1),
    }
    add(take_turns(inputs), "≥ 10")
    add(orders())
    by_precision = precisions()
    if by_precision:
        add(by_precision)
    else:
        table.add_row("Steps of 32, bfloat16", "not measured", "", "the processor has no instructions for it")
    add(evaluations())
    add(quick_epochs(bfloat16=by_precision.get(BFLOAT16, 0.0) > by_precision.get(FLOAT32, 0.0)))
    add(two_runs(threads))
    if torch.cuda.is_available():
        found = epochs_on_gpu()
        first = next(iter(found.values()))
        for name, seconds in found.items():
            table.add_row(f"An epoch on the GPU, {name}", f"{seconds:.2f} s", f"{first / seconds:.2f}", "")
    Console(highlight=False).print(table)


if __name__ == "__main__":
    main()
