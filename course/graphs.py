"""Training steps as one CUDA graph, with the same arithmetic as ``trainer.train_epoch``.

A step of ConvNet at batch 128 has some 80 kernels. On a large GPU, each kernel takes less time than its launch. A
captured graph replays the whole step with one launch. A graph reads and writes fixed memory, which has consequences:

- Each batch is copied into the same two tensors. A last batch of another size is computed without the graph.
- The learning rate is a tensor of the optimizer that is set before each epoch. A Python number would become a constant.
- Real steps have to come before a capture. Weights, buffers, momentum and random states are restored after them.
- Code that changes the network, as pruning replaces masks, has to say so. The next step is then captured again.
- A network that can't be captured is trained without a graph.

Crops and flips are drawn in the same order as in the plain loop, and applied to many batches at once.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn

from course.datasets import ImageDataset
from course.trainer import OnStep, Recipe

__all__ = ["GraphSteps"]

#: The number of steps before a capture, in which libraries choose their algorithms and optimizers make their state.
WARM_UP = 3


class GraphSteps:
    """Runs training steps by replaying a captured one. See :class:`course.trainer.Stepper`.

    Args:
        autocast: makes a context manager that sets the precision of the forward pass.
        capture: False runs the same code without a graph, on any device.
    """

    def __init__(
        self,
        model: nn.Module,
        recipe: Recipe,
        autocast: Callable[[], AbstractContextManager[Any]],
        *,
        capture: bool = True,
    ) -> None:
        self.model, self.recipe, self.autocast, self.capture = model, recipe, autocast, capture
        parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.rate = torch.tensor(recipe.rate, device=parameters[0].device)
        options: dict[str, Any] = {"fused": True, "lr": self.rate} if capture else {}
        if capture and recipe.optimizer == "adam":
            options["capturable"] = True  # Adam can't be captured without this, even if it is fused
        self.optimizer = recipe.make_optimizer(parameters, **options)
        self._images: Tensor | None = None
        self._labels: Tensor | None = None
        self._loss: Tensor | None = None
        self._graph: torch.cuda.CUDAGraph | None = None

    def epoch(self, data: ImageDataset, generator: torch.Generator, rate: float, on_step: OnStep | None) -> Tensor:
        self.model.train()
        self._set_rate(rate)
        size = self.recipe.batch_size
        steps = -(-len(data) // size)
        losses = torch.empty(steps, device=self.rate.device)
        step = 0
        for images, labels in data.augmented(size, generator, augment=self.recipe.augment):
            for start in range(0, len(labels), size):
                batch = images[start : start + size], labels[start : start + size]
                losses[step] = self._step(data, *batch)
                step += 1
                if on_step is not None:
                    on_step(min(step * size, len(data)), losses[step - 1])
        return losses

    def network_changed(self) -> None:
        self._graph = None

    def _set_rate(self, rate: float) -> None:
        self.rate.fill_(rate)
        for group in self.optimizer.param_groups:  # load_state_dict replaces the rate
            group["lr"] = self.rate if self.capture else rate

    def _step(self, data: ImageDataset, images: Tensor, labels: Tensor) -> Tensor:
        """Run one step on uint8 images. Return its loss, which the next step overwrites."""
        if len(labels) != self.recipe.batch_size:
            return self._compute(data, images, labels)
        if self._images is None or self._labels is None:
            self._images, self._labels = images.clone(), labels.clone()
        self._images.copy_(images)
        self._labels.copy_(labels)
        if not self.capture:
            return self._compute(data, self._images, self._labels)
        if self._graph is None or self._loss is None:
            try:
                self._record(data, self._images, self._labels)
            except torch.OutOfMemoryError:
                raise
            except RuntimeError as error:
                # Student code may synchronise or copy from the host in forward, which a graph can't contain.
                warnings.warn(
                    f"this network is trained without a CUDA graph, because it can't be captured ({error})",
                    stacklevel=2,
                )
                self.capture = False
                return self._compute(data, self._images, self._labels)
        assert self._graph is not None
        assert self._loss is not None
        self._graph.replay()
        return self._loss

    def _compute(self, data: ImageDataset, images: Tensor, labels: Tensor) -> Tensor:
        self.optimizer.zero_grad(set_to_none=True)
        with self.autocast():
            loss = self.recipe.loss(self.model(data.normalize(images)), labels)
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def _record(self, data: ImageDataset, images: Tensor, labels: Tensor) -> None:
        """Capture a step. The capture computes nothing, and the warm-up steps before it are undone."""
        before = [value.detach().clone() for value in self._values()]
        random = torch.cuda.get_rng_state(images.device)
        optimizer_before = {
            parameter: {name: v.clone() for name, v in state.items() if isinstance(v, Tensor)}
            for parameter, state in self.optimizer.state.items()
        }
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "This instance was constructed with capturable=True")
            for _ in range(WARM_UP):
                self._compute(data, images, labels)
        torch.cuda.current_stream().wait_stream(side)
        with torch.no_grad():
            for value, old in zip(self._values(), before, strict=True):
                value.copy_(old)
            for parameter, state in self.optimizer.state.items():
                kept = optimizer_before.get(parameter, {})
                for name, value in state.items():
                    if not isinstance(value, Tensor):
                        continue
                    if name in kept:
                        value.copy_(kept[name])
                    else:
                        value.zero_()  # momentum and counters begin at 0
        torch.cuda.set_rng_state(random, images.device)
        self.optimizer.zero_grad(set_to_none=True)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._loss = self._compute(data, images, labels)
        self._graph = graph

    def _values(self) -> list[Tensor]:
        """Return all tensors that a step may change; state_dict() lacks buffers that are not persistent."""
        return [*self.model.parameters(), *self.model.buffers()]
