"""Training and evaluation, as the handout's recipes describe them.

:func:`train_epoch` is the loop to read. :class:`Training` is a network in training that can be stopped after any epoch
and taken up again; on a GPU it takes the same steps as a CUDA graph (see :mod:`course.graphs`).
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from course.datasets import ImageDataset

__all__ = [
    "MNIST_RECIPE",
    "Diverged",
    "Evaluation",
    "History",
    "Recipe",
    "Training",
    "agree",
    "evaluate",
    "moving_average",
    "train",
    "train_epoch",
]

Loss = Callable[[Tensor, Tensor], Tensor]
OnStep = Callable[[int, Tensor], None]
"""A function that is called after each step with the number of images that the epoch has seen, and with the loss, which
is still on its device.
"""
Precision = Literal["float32", "bfloat16"]

#: Images that are evaluated at a time. On CPUs the outputs of a layer then stay in the cache: measured on one thread,
#: 100 at a time take 0.75 of the time of 1,000, and 50 or 25 no less.
EVALUATED = {"cpu": 100}
#: How far outputs may lie apart, as a share of how far images lie apart, if weights are rounded to float16.
AGREEMENT = 0.02


class Diverged(ArithmeticError):
    """A loss is no number any more; the text is one sentence."""


@dataclass(frozen=True)
class Recipe:
    """How a network is trained: everything that the result depends on, apart from the data."""

    epochs: int
    rate: float
    """The learning rate of the first epoch."""
    make_scheduler: Callable[[torch.optim.Optimizer], torch.optim.lr_scheduler.LRScheduler]
    """A function that makes the scheduler, which is stepped once an epoch."""
    schedule: str = "constant"
    """The scheduler's name, for records."""
    batch_size: int = 128
    optimizer: Literal["sgd", "adam"] = "sgd"
    momentum: float = 0.0
    """The momentum of SGD."""
    weight_decay: float = 0.0
    """The weight decay of SGD."""
    loss: Loss = functional.cross_entropy
    augment: bool = False
    """Random crops and flips of the training images are on."""
    seed: int = 43
    lapse: int = 1
    """The number of scheduler epochs for each training epoch. In the quick profile, one epoch stands for ten."""
    within: tuple[float, ...] = ()
    """Shares of the first epoch, in order, after which the test accuracy is measured too; 0 is before all training."""

    def make_optimizer(self, parameters: Iterable[nn.Parameter], **options: Any) -> torch.optim.Optimizer:
        """The optimizer; ``options`` say how it is computed, ``fused=True`` for example, and not what."""
        if self.optimizer == "adam":
            return torch.optim.Adam(parameters, **{"lr": self.rate, **options})
        sgd = {"lr": self.rate, "momentum": self.momentum, "weight_decay": self.weight_decay}
        return torch.optim.SGD(parameters, **{**sgd, **options})


@dataclass
class History:
    """What a training run measured."""

    losses: list[float] = field(default_factory=list)
    """The loss of every step."""
    accuracies: list[float] = field(default_factory=list)
    """The test accuracy after every epoch, in [0, 1]."""
    rates: list[float] = field(default_factory=list)
    """The learning rate of every epoch."""
    seconds: list[float] = field(default_factory=list)
    """The time of every epoch, its evaluation included."""
    within: list[tuple[float, float]] = field(default_factory=list)
    """The test accuracies within the first epoch: (share of its images, accuracy)."""


@dataclass(frozen=True)
class Evaluation:
    """How well a network does on a data set."""

    correct: int
    total: int

    @property
    def accuracy(self) -> float:
        return self.correct / self.total


#: Part 2: Adam at its default rate, divided by 10 after each of 4 epochs. The notebook takes images one by one, on
#: which nothing depends; four at a time take fewer steps and reached 97.8 % where single ones reached 97.0 %.
MNIST_RECIPE = Recipe(
    epochs=4,
    batch_size=4,
    optimizer="adam",
    rate=0.001,
    make_scheduler=lambda optimizer: torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.1),
    schedule="÷10 each epoch",
    loss=functional.nll_loss,
)


def train_epoch(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    batches: Iterable[tuple[Tensor, Tensor]],
    loss_function: Loss = functional.cross_entropy,
    *,
    autocast: Callable[[], AbstractContextManager[Any]] = nullcontext,
    on_step: OnStep | None = None,
) -> Tensor:
    """Train ``model`` in place on each of the batches once.

    Args:
        autocast: the precision that the forward pass runs in.

    Returns:
        (steps,) the losses, on the model's device: reading each number would make a GPU wait.
    """
    model.train()
    losses = []
    seen = 0
    for images, labels in batches:
        optimizer.zero_grad(set_to_none=True)
        with autocast():
            loss = loss_function(model(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
        seen += len(labels)
        if on_step is not None:
            on_step(seen, losses[-1])
    return torch.stack(losses)


class Stepper(Protocol):
    """Takes an epoch's steps, one way or another."""

    optimizer: torch.optim.Optimizer

    def epoch(self, data: ImageDataset, generator: torch.Generator, rate: float, on_step: OnStep | None) -> Tensor:
        """The losses of one epoch, (steps,)."""

    def network_changed(self) -> None:
        """Somebody else has changed the network: masks that are other tensors now, say."""


class PlainSteps:
    """:func:`train_epoch`, on any device."""

    def __init__(self, model: nn.Module, recipe: Recipe, autocast: Callable[[], AbstractContextManager[Any]]) -> None:
        self.model, self.recipe, self.autocast = model, recipe, autocast
        self.optimizer = recipe.make_optimizer([p for p in model.parameters() if p.requires_grad])

    def epoch(self, data: ImageDataset, generator: torch.Generator, rate: float, on_step: OnStep | None) -> Tensor:
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        batches = data.batches(self.recipe.batch_size, generator, augment=self.recipe.augment)
        return train_epoch(
            self.model, self.optimizer, batches, self.recipe.loss, autocast=self.autocast, on_step=on_step
        )

    def network_changed(self) -> None:
        pass


class Training:
    """A network in training: epoch by epoch, to be kept and taken up again between any two.

    The scheduler sets the rate of an optimizer of its own, which has nothing to do but that; each epoch's rate is read
    there. So a graph of the steps never meets a student's scheduler, and taking a run up again is stepping a new one.

    Args:
        model: trained in place, on the device of ``training``; frozen parameters stay as they are.
        before_evaluation: called with the number of the epoch, from 1, between its training and its evaluation;
            pruning happens there, so that its step shows in the curve; says whether the network was changed.
        precision: of the forward pass; on a CPU without instructions for ``bfloat16`` that is many times slower.
        graphs: take the steps as a CUDA graph; None for GPUs only.
    """

    def __init__(
        self,
        model: nn.Module,
        training: ImageDataset,
        test: ImageDataset,
        recipe: Recipe,
        *,
        before_evaluation: Callable[[int], bool] | None = None,
        precision: Precision = "float32",
        graphs: bool | None = None,
    ) -> None:
        self.model, self.training, self.test, self.recipe = model, training, test, recipe
        self.before_evaluation = before_evaluation
        self.history = History()
        self._measured = 0.0
        """Seconds of the current epoch that went into accuracies within it."""
        self.generator = torch.Generator().manual_seed(recipe.seed)
        self.device = training.images.device
        self.precision = precision
        on_gpu = self.device.type == "cuda"
        if graphs if graphs is not None else on_gpu:
            from course.graphs import GraphSteps  # imported here: it builds on this module

            self.stepper: Stepper = GraphSteps(model, recipe, self.autocast, capture=on_gpu)
        else:
            self.stepper = PlainSteps(model, recipe, self.autocast)
        # The schedulers of torch want an optimizer with a parameter; this one's never gets a gradient.
        self._pace = recipe.make_optimizer([nn.Parameter(torch.zeros(1))])
        self._scheduler = recipe.make_scheduler(self._pace)

    @property
    def epochs_done(self) -> int:
        return len(self.history.accuracies)

    @property
    def finished(self) -> bool:
        return self.epochs_done >= self.recipe.epochs

    def autocast(self) -> AbstractContextManager[Any]:
        """The precision of the forward pass."""
        if self.precision == "float32":
            return nullcontext()
        # Without a cache of converted weights: a captured graph would go on reading its first ones.
        return torch.autocast(self.device.type, dtype=torch.bfloat16, cache_enabled=False)

    def epoch(self, on_step: OnStep | None = None, measure: Callable[[], Evaluation] | None = None) -> None:
        """Train for one epoch and evaluate.

        Args:
            measure: evaluates the network in its own way.

        Raises:
            Diverged: a loss that is no finite number; the history ends with the epoch before.
        """
        rate = float(self._pace.param_groups[0]["lr"])
        watched = on_step if self.epochs_done or not self.recipe.within else self._measuring(on_step)
        started = time.perf_counter()
        losses = self.stepper.epoch(self.training, self.generator, rate, watched)
        values = losses.float().tolist()
        if not all(map(math.isfinite, values)):
            step = next(index for index, value in enumerate(values, start=1) if not math.isfinite(value))
            raise Diverged(
                f"the loss is {values[step - 1]} at step {step} of epoch {self.epochs_done + 1}, where the learning "
                f"rate is {rate:g}: the training diverged, and a smaller rate is the first thing to try"
            )
        self._step_scheduler()
        if self.before_evaluation is not None and self.before_evaluation(self.epochs_done + 1):
            self.stepper.network_changed()
        accuracy = (self.evaluate() if measure is None else measure()).accuracy
        self.history.losses += values
        self.history.rates.append(rate)
        self.history.accuracies.append(accuracy)
        self.history.seconds.append(time.perf_counter() - started - self._measured)
        self._measured = 0.0

    def evaluate(self) -> Evaluation:
        """The accuracy on the test images now, in the precision of the training."""
        with self.autocast():
            return evaluate(self.model, self.test)

    def _measuring(self, on_step: OnStep | None) -> OnStep:
        """Be told of each step, and measure the accuracy after the recipe's shares of the epoch."""
        left = list(self.recipe.within)
        self.history.within = []

        def measure(seen: int) -> None:
            while left and seen >= left[0] * len(self.training):
                self.history.within.append((left.pop(0), self.evaluate().accuracy))

        def told(seen: int, loss: Tensor) -> None:
            if on_step is not None:
                on_step(seen, loss)
            if left and seen >= left[0] * len(self.training):
                float(loss)  # waits for a GPU, whose steps are no part of the measurement
                started = time.perf_counter()
                measure(seen)
                self._measured += time.perf_counter() - started

        measure(0)
        return told

    def _step_scheduler(self) -> None:
        self._pace.step()  # does nothing, but schedulers want to see it
        for _ in range(self.recipe.lapse):
            self._scheduler.step()

    def state(self) -> dict[str, Tensor]:
        """What :meth:`take_up` needs, apart from the history: weights, momentum, random numbers."""
        tensors = {f"model/{name}": value for name, value in self.model.state_dict().items()}
        for index, state in self.stepper.optimizer.state_dict()["state"].items():
            tensors.update({f"optimizer/{index}/{name}": v for name, v in state.items() if isinstance(v, Tensor)})
        tensors["random/order"] = self.generator.get_state()
        tensors["random/torch"] = torch.get_rng_state()
        if self.device.type == "cuda":
            tensors["random/cuda"] = torch.cuda.get_rng_state(self.device)
        return {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}

    def take_up(self, tensors: dict[str, Tensor], history: History) -> None:
        """Go on from what :meth:`state` kept of the same network and recipe.

        Raises:
            ValueError, RuntimeError, KeyError: what was kept belongs to another network.
        """
        self.model.load_state_dict(_below(tensors, "model/"))
        state: dict[int, dict[str, Tensor]] = {}
        parameters = dict(enumerate(self.stepper.optimizer.param_groups[0]["params"]))
        for name, value in _below(tensors, "optimizer/").items():
            index, _, key = name.partition("/")
            own = value.clone()  # or steps would change what was given
            parameter = parameters[int(index)]
            if own.shape == parameter.shape:  # fused optimizers want momentum in the order of the weights
                own = torch.empty_like(parameter, device=own.device, dtype=own.dtype).copy_(own)
            state.setdefault(int(index), {})[key] = own
        groups = self.stepper.optimizer.state_dict()["param_groups"]
        self.stepper.optimizer.load_state_dict({"state": state, "param_groups": groups})
        self.stepper.network_changed()
        self.generator.set_state(tensors["random/order"])
        torch.set_rng_state(tensors["random/torch"])
        if self.device.type == "cuda" and "random/cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random/cuda"], self.device)
        self.history = history
        with warnings.catch_warnings():  # a scheduler may warn of steps beyond its last
            warnings.simplefilter("ignore")
            for _ in range(self.epochs_done):
                self._step_scheduler()


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def train(
    model: nn.Module,
    training: ImageDataset,
    test: ImageDataset,
    recipe: Recipe,
    after_epoch: Callable[[int, History], None] = lambda epoch, history: None,
) -> History:
    """Train ``model`` in place; ``after_epoch(epoch, history)`` is told of each finished epoch, from 1 on."""
    run = Training(model, training, test, recipe)
    while not run.finished:
        run.epoch()
        after_epoch(run.epochs_done, run.history)
    return run.history


@torch.no_grad()  # inference_mode is no faster, and what a student's module keeps of it can't be trained on
def evaluate(model: nn.Module, dataset: ImageDataset, batch_size: int | None = None) -> Evaluation:
    """Count the images whose largest output is their label. The model's mode is left as it was.

    Args:
        batch_size: what is fast on the device without it.
    """
    if batch_size is None:
        batch_size = EVALUATED.get(dataset.images.device.type, 1000)
    was_training = model.training
    model.eval()
    hits = [(model(images).argmax(1) == labels).sum() for images, labels in dataset.batches(batch_size)]
    model.train(was_training)
    return Evaluation(correct=int(torch.stack(hits).sum()), total=len(dataset))


@torch.no_grad()
def agree(one: nn.Module, other: nn.Module, dataset: ImageDataset, images: int = 50) -> bool:
    """Whether two networks compute the same for the first images, apart from what float16 weights change."""
    outputs = []
    for model in (one, other):
        was_training = model.training
        model.eval()
        outputs.append(model(next(dataset.batches(images))[0]).float())
        model.train(was_training)
    if outputs[0].shape != outputs[1].shape:
        return False
    # What all images have in common says nothing. If an output is no number, the comparison is false.
    spread = (outputs[0] - outputs[0].mean(0)).abs().max()
    return bool((outputs[0] - outputs[1]).abs().max() <= AGREEMENT * spread)


def moving_average(a: Iterable[float], n: int = 100) -> np.ndarray:
    """Means of ``n`` neighbours, float64: (len(a) − n + 1,), empty where there are fewer than ``n`` values."""
    values = np.asarray(list(a), dtype=np.float64)
    if len(values) < n:
        return np.empty(0)
    sums = np.cumsum(np.concatenate([[0.0], values]))
    means: np.ndarray = (sums[n:] - sums[:-n]) / n
    return means
