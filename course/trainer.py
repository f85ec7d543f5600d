"""Training and evaluation by the handout's recipes.

:func:`train_epoch` is the training loop; read it first. :class:`Training` can be stopped after any epoch and continued
later. On a GPU it runs the same steps as a CUDA graph (see :mod:`course.graphs`).
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
"""A function that is called after each step with the number of images that the epoch has used and the step's loss.
The loss is a scalar tensor on the model's device.
"""
Precision = Literal["float32", "bfloat16"]

#: The batch size of an evaluation on CPUs, where the outputs of a layer then stay in the cache. On one thread, batches
#: of 100 took 0.75 of the time of 1,000; batches of 50 or 25 took no less.
EVALUATED = {"cpu": 100}
#: The largest difference of outputs, as a share of their spread over images, that rounding to float16 explains.
AGREEMENT = 0.02


class Diverged(ArithmeticError):
    """A loss is NaN or infinite. The text is one sentence."""


@dataclass(frozen=True)
class Recipe:
    """A training recipe: everything that the result depends on, apart from the data."""

    epochs: int
    rate: float
    """The learning rate of the first epoch."""
    make_scheduler: Callable[[torch.optim.Optimizer], torch.optim.lr_scheduler.LRScheduler]
    """Makes the scheduler for an optimizer. The scheduler is stepped once an epoch."""
    schedule: str = "constant"
    """The scheduler's name in records."""
    batch_size: int = 128
    optimizer: Literal["sgd", "adam"] = "sgd"
    momentum: float = 0.0
    """The momentum of SGD."""
    weight_decay: float = 0.0
    """The weight decay of SGD."""
    loss: Loss = functional.cross_entropy
    augment: bool = False
    """True crops and flips the training images at random."""
    seed: int = 43
    lapse: int = 1
    """The number of scheduler steps after each epoch. The quick profile takes ten, so an epoch stands for ten."""
    within: tuple[float, ...] = ()
    """Shares of the first epoch, in order, after which the test accuracy is measured too. 0 is before the training."""

    def make_optimizer(self, parameters: Iterable[nn.Parameter], **options: Any) -> torch.optim.Optimizer:
        """Make the optimizer. ``options`` override its arguments, for example with ``fused=True``."""
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
    """The seconds of every epoch, its evaluation included."""
    within: list[tuple[float, float]] = field(default_factory=list)
    """The test accuracies within the first epoch: (share of its images, accuracy)."""


@dataclass(frozen=True)
class Evaluation:
    """The number of images that a network recognises, of a number of images."""

    correct: int
    total: int

    @property
    def accuracy(self) -> float:
        """The share of recognised images, in [0, 1]."""
        return self.correct / self.total


#: The recipe of part 2: Adam at its default rate, divided by 10 after each of 4 epochs. The notebook has a batch size
#: of 1, on which nothing depends. A batch size of 4 is faster, and reached 97.8 % where single images reached 97.0 %.
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
    """Train ``model`` in place for one epoch, with one step for each batch.

    Args:
        batches: pairs of images, (N, …) float32, and labels, (N,) int64.
        autocast: makes a context manager that sets the precision of the forward pass.
        on_step: is called after each step.

    Returns:
        (steps,) the losses on the model's device. Reading each number at once would make a GPU wait.
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
    """Runs the training steps of an epoch."""

    optimizer: torch.optim.Optimizer

    def epoch(self, data: ImageDataset, generator: torch.Generator, rate: float, on_step: OnStep | None) -> Tensor:
        """Train for one epoch at this learning rate. Return the losses, (steps,) float32."""

    def network_changed(self) -> None:
        """Take note that other code has changed the network, for example by new tensors as masks."""


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
    """A network in training. Its state can be saved after each epoch and loaded again.

    The scheduler controls the rate of a second optimizer, which trains nothing. Each epoch reads its rate there.
    So a CUDA graph never depends on a student's scheduler, and a continued run only has to step a new scheduler.

    Args:
        model: the network, on the device of ``training``. It is trained in place; frozen parameters don't change.
        before_evaluation: is called between an epoch's training and its evaluation, with the epoch's number from 1. It
            returns whether it changed the network. Pruning happens here, so that the curve shows each pruning step.
        precision: the precision of the forward pass. ``bfloat16`` is many times slower on a CPU without instructions
            for it.
        graphs: run the steps as a CUDA graph. None does so on GPUs only.
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
        """Seconds of the current epoch that measuring accuracies within it took."""
        self.generator = torch.Generator().manual_seed(recipe.seed)
        self.device = training.images.device
        self.precision = precision
        on_gpu = self.device.type == "cuda"
        if graphs if graphs is not None else on_gpu:
            from course.graphs import GraphSteps  # imported here, because it imports this module

            self.stepper: Stepper = GraphSteps(model, recipe, self.autocast, capture=on_gpu)
        else:
            self.stepper = PlainSteps(model, recipe, self.autocast)
        # PyTorch's schedulers need an optimizer with a parameter. This parameter never gets a gradient.
        self._pace = recipe.make_optimizer([nn.Parameter(torch.zeros(1))])
        self._scheduler = recipe.make_scheduler(self._pace)

    @property
    def epochs_done(self) -> int:
        return len(self.history.accuracies)

    @property
    def finished(self) -> bool:
        """Whether all epochs of the recipe are done."""
        return self.epochs_done >= self.recipe.epochs

    def autocast(self) -> AbstractContextManager[Any]:
        """Return a context manager for the precision of the forward pass."""
        if self.precision == "float32":
            return nullcontext()
        # No cache of converted weights, because a captured graph would read its first weights forever.
        return torch.autocast(self.device.type, dtype=torch.bfloat16, cache_enabled=False)

    def epoch(self, on_step: OnStep | None = None, measure: Callable[[], Evaluation] | None = None) -> None:
        """Train for one epoch, evaluate the network and extend the history.

        Args:
            on_step: is called after each step.
            measure: replaces :meth:`evaluate`.

        Raises:
            Diverged: a loss is not finite. The history then ends with the epoch before.
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
                f"rate is {rate:g}: the training diverged, so try a smaller rate first"
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
        """Evaluate the network on the test images, in the precision of the training."""
        with self.autocast():
            return evaluate(self.model, self.test)

    def _measuring(self, on_step: OnStep | None) -> OnStep:
        """Return an ``on_step`` that also measures the accuracy after the recipe's shares of the epoch."""
        left = list(self.recipe.within)
        self.history.within = []

        def measure(seen: int) -> None:
            while left and seen >= left[0] * len(self.training):
                self.history.within.append((left.pop(0), self.evaluate().accuracy))

        def told(seen: int, loss: Tensor) -> None:
            if on_step is not None:
                on_step(seen, loss)
            if left and seen >= left[0] * len(self.training):
                float(loss)  # waits for a GPU, so that its training steps are not timed here
                started = time.perf_counter()
                measure(seen)
                self._measured += time.perf_counter() - started

        measure(0)
        return told

    def _step_scheduler(self) -> None:
        self._pace.step()  # changes nothing, but schedulers warn without it
        for _ in range(self.recipe.lapse):
            self._scheduler.step()

    def state(self) -> dict[str, Tensor]:
        """Return what :meth:`take_up` needs besides the history: weights, momentum and random states, on the CPU."""
        tensors = {f"model/{name}": value for name, value in self.model.state_dict().items()}
        for index, state in self.stepper.optimizer.state_dict()["state"].items():
            tensors.update({f"optimizer/{index}/{name}": v for name, v in state.items() if isinstance(v, Tensor)})
        tensors["random/order"] = self.generator.get_state()
        tensors["random/torch"] = torch.get_rng_state()
        if self.device.type == "cuda":
            tensors["random/cuda"] = torch.cuda.get_rng_state(self.device)
        return {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}

    def take_up(self, tensors: dict[str, Tensor], history: History) -> None:
        """Continue from the tensors of :meth:`state` and the history of the same network and recipe.

        Raises:
            ValueError, RuntimeError, KeyError: the tensors belong to another network.
        """
        self.model.load_state_dict(_below(tensors, "model/"))
        state: dict[int, dict[str, Tensor]] = {}
        parameters = dict(enumerate(self.stepper.optimizer.param_groups[0]["params"]))
        for name, value in _below(tensors, "optimizer/").items():
            index, _, key = name.partition("/")
            own = value.clone()  # steps would change the caller's tensor otherwise
            parameter = parameters[int(index)]
            if own.shape == parameter.shape:  # fused optimizers need momentum in the weights' memory order
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
        with warnings.catch_warnings():  # a scheduler may warn about steps after its last one
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
    """Train ``model`` in place by a recipe.

    Args:
        after_epoch: is called after each epoch with its number, from 1, and the history.

    Returns:
        The losses, rates, times and test accuracies of the run.

    Raises:
        Diverged: a loss is not finite.
    """
    run = Training(model, training, test, recipe)
    while not run.finished:
        run.epoch()
        after_epoch(run.epochs_done, run.history)
    return run.history


@torch.no_grad()  # inference_mode is not faster, and tensors that a student's module keeps from it can't be trained
def evaluate(model: nn.Module, dataset: ImageDataset, batch_size: int | None = None) -> Evaluation:
    """Count the images whose largest output is their label. The model runs in evaluation mode, and keeps its own mode.

    Args:
        batch_size: the number of images at a time; by default one that is fast on the device.
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
    """Say whether two networks have equal outputs on the first images, up to the rounding of weights to float16."""
    outputs = []
    for model in (one, other):
        was_training = model.training
        model.eval()
        outputs.append(model(next(dataset.batches(images))[0]).float())
        model.train(was_training)
    if outputs[0].shape != outputs[1].shape:
        return False
    # The spread is measured around the mean over images. If an output is NaN, the comparison is false.
    spread = (outputs[0] - outputs[0].mean(0)).abs().max()
    return bool((outputs[0] - outputs[1]).abs().max() <= AGREEMENT * spread)


def moving_average(a: Iterable[float], n: int = 100) -> np.ndarray:
    """Return the means of ``n`` successive values (handout, part 1).

    Returns:
        (len(a) − n + 1,) float64; empty if there are fewer than ``n`` values.
    """
    values = np.asarray(list(a), dtype=np.float64)
    if len(values) < n:
        return np.empty(0)
    sums = np.cumsum(np.concatenate([[0.0], values]))
    means: np.ndarray = (sums[n:] - sums[:-n]) / n
    return means
