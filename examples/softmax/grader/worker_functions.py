"""Worker functions of this problem set. The tests measure what they return."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from harness.worker.functions import worker_function

__all__: list[str] = []


@worker_function("Training a new Classifier by fit")
def trained(
    make: Callable[[], nn.Module], fit: Callable[..., Any], images: Tensor, labels: Tensor
) -> dict[str, Tensor]:
    """The parameters of a new model after ``fit`` with its default number of epochs."""
    model = make()
    fit(model, images, labels)
    return {name: value.detach() for name, value in model.named_parameters()}
