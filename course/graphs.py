"""Training steps as one CUDA graph: the same arithmetic as ``trainer.train_epoch``, without its launches.

A step of ConvNet at batch 128 is some 80 kernels that each take less time on a large GPU than their launch. Recorded
once and replayed, a step is one launch. What is recorded reads and writes fixed memory, hence what is unusual here:

- each batch is copied into the same two tensors; a last batch of another size is stepped without the graph;
- the learning rate is a tensor of the optimizer, written before each epoch: a Python number would be recorded;
- capturing needs steps that are really taken before; weights, buffers, momentum and random numbers are put back after
  them;
- who changes the network (pruning replaces masks) has to say so, and the next step is captured anew;
- a network that can't be captured is stepped without a graph.

Crops and flips are drawn in the order of the plain loop and applied to many batches at once.
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

#: Steps before a capture, after which libraries have chosen their algorithms and optimizers have their state.
WARM_UP = 3


class GraphSteps:
    """Takes steps by replaying a captured one.

    Args:
        capture: False takes the steps one kernel at a time, in the same fixed memory and on any device: the same code
            but for the graph.
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
            options["capturable"] = True  # Adam refuses to be captured without, fused or not
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
        for group in self.optimizer.param_groups:  # load_state_dict puts other objects there
            group["lr"] = self.rate if self.capture else rate

    def _step(self, data: ImageDataset, images: Tensor, labels: Tensor) -> Tensor:
        """One step on uint8 images; the loss is overwritten by the next one."""
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
                # Student code may wait for the device or copy from the host in forward, which no graph can hold.
                warnings.warn(f"no CUDA graph of this network: its steps are taken one by one ({error})", stacklevel=2)
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
        """Capture a step. Nothing is computed while it is captured; the steps before are undone."""
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
                        value.zero_()  # how momentum and counters begin
        torch.cuda.set_rng_state(random, images.device)
        self.optimizer.zero_grad(set_to_none=True)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._loss = self._compute(data, images, labels)
        self._graph = graph

    def _values(self) -> list[Tensor]:
        """All that a step may change in the network; its state_dict() lacks buffers that are not persistent."""
        return [*self.model.parameters(), *self.model.buffers()]
