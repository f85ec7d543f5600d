"""Worker functions of this problem set: work that would need many calls, such as a hundred training steps, in one call.

They return weights, outputs and rates, and the tests measure these themselves.
"""

from __future__ import annotations

import os
import statistics
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from course.layers import SparseConv2d, UnstructuredSparseConv2d, get_sparse_conv2d_layers, sparse_conv_block
from course.stand_ins import resnet18_file, resnet18_stand_in
from harness.denormals import small_numbers_as_zero
from harness.worker.functions import worker_function

__all__: list[str] = []

# ---- training ----------------------------------------------------------------------------------------------


@worker_function("Stepping the scheduler of make_scheduler")
def learning_rates(make: Callable[..., Any], name: str, rates: list[float], epochs: int) -> list[list[float]] | None:
    """The learning rates of an optimizer with a group for each of ``rates``, in each epoch and after the last one.

    The result is None if ``make`` returns no scheduler.
    """
    groups = [{"params": [nn.Parameter(torch.zeros(1))], "lr": rate} for rate in rates]
    optimizer = torch.optim.SGD(groups, momentum=0.9)
    scheduler = make(name, optimizer, epochs)
    if scheduler is None:
        return None
    seen = [[float(group["lr"]) for group in optimizer.param_groups]]
    for _ in range(epochs):  # one step more would ask a table of factors for an epoch that no training has
        optimizer.step()
        scheduler.step()
        seen.append([float(group["lr"]) for group in optimizer.param_groups])
    return seen


@worker_function()
def scheduler_exception(make: Callable[..., Any], name: str) -> list[str]:
    """The names of the class and bases of the exception that making this scheduler raises; empty without one."""
    try:
        make(name, torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1), 100)
    except NotImplementedError:
        raise
    except Exception as error:
        return [kind.__name__ for kind in type(error).__mro__]
    return []


@worker_function("Making a scheduler")
def make_of(make: Callable[..., Any], name: str) -> None:
    """Make a scheduler of this name. Its exceptions are passed on."""
    make(name, torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=0.1), 100)


@worker_function("Making an optimizer")
def sgd(model: nn.Module, rate: float) -> torch.optim.Optimizer:
    """The handout's optimizer for a model's current parameters."""
    return torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9, weight_decay=5e-4)


@worker_function("A few steps of SGD")
def train_steps(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor, steps: int) -> None:
    """Train for some steps on one batch with cross entropy, in training mode."""
    model.train()
    for _ in range(steps):
        optimizer.zero_grad(set_to_none=True)
        functional.cross_entropy(model(images), labels).backward()
        optimizer.step()
    optimizer.zero_grad(set_to_none=True)  # of a large network they are many


# ---- part 2 ------------------------------------------------------------------------------------------------


@worker_function("quantize, given a transposed array,")
def of_transposed(function: Callable[..., Any], values: np.ndarray) -> Any:
    """``function(values.T)``, with an array that isn't stored row by row."""
    return function(values.T)


# ---- part 3 ------------------------------------------------------------------------------------------------


@worker_function()
def sparse_network(layers: list[list[int]], single_weights: bool, nested: bool = False) -> nn.Module:
    """Blocks of the course's sparse convolutions, (in, out, kernel size, stride) each, a pool and a linear layer.

    Args:
        nested: the blocks are modules of modules.
    """
    kind = UnstructuredSparseConv2d if single_weights else SparseConv2d
    blocks = [
        sparse_conv_block(c_in, c_out, k, stride, padding=k // 2, conv_layer=kind) for c_in, c_out, k, stride in layers
    ]
    if nested:
        blocks = [nn.Sequential(blocks[0], nn.Sequential(*blocks[1:]))]
    return nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(layers[-1][1], 10))


@worker_function("Reading the weights of the sparse layers")
def sparse_layers(net: nn.Module) -> list[dict[str, Any]]:
    """The sparse convolutions of a network in order, each with its attributes and the weights that it uses."""
    names = {id(module): name for name, module in net.named_modules()}
    return [
        {
            "name": names[id(layer)],
            "kind": type(layer).__name__,
            "shape": tuple(layer._weight.shape),
            "stride": layer.stride,
            "padding": layer.padding,
            "weight": layer.weight.detach().float(),
        }
        for layer in get_sparse_conv2d_layers(net)
    ]


@worker_function()
def module_classes(net: nn.Module) -> list[tuple[str, str]]:
    """The name and class of each module without submodules, in order."""
    return [(name, type(one).__name__) for name, one in net.named_modules() if not any(True for _ in one.children())]


# ---- part 4 ------------------------------------------------------------------------------------------------


@worker_function()
def use_torch_home(path: str) -> None:
    """Let torch and torchvision look for downloaded weights there."""
    os.environ["TORCH_HOME"] = path


@worker_function()
def pretrained_resnet18() -> nn.Module:
    """torchvision's ResNet-18 with the weights in TORCH_HOME."""
    from torchvision.models import ResNet18_Weights

    return _resnet18(ResNet18_Weights.IMAGENET1K_V1.get_state_dict(progress=False))


def _resnet18(state: dict[str, Tensor]) -> nn.Module:
    """torchvision's ResNet-18 with this state. It takes no time for random weights, and no memory for a second copy.

    It is on the default device, like any new network.
    """
    from torchvision.models import resnet18

    device = torch.get_default_device()
    with torch.device("meta"):
        model: nn.Module = resnet18()
    model.load_state_dict(state, assign=True)
    return model.to(device)


@worker_function()
def change_values(model: nn.Module) -> None:
    """Add 1 to every parameter and every statistic of a model, in place."""
    with torch.no_grad():
        for value in model.state_dict().values():
            value += 1


@worker_function("The classifier, applied to unit vectors,")
def linear_map(layer: nn.Module, inputs: int) -> tuple[Tensor, Tensor]:
    """The weight (out, inputs) and the bias (out,) of the linear map that a layer computes in evaluation mode.

    They come from the layer's outputs for the unit vectors and for 0, however the layer is built.
    """
    mode = layer.training
    layer.eval()
    with torch.no_grad():
        bias = layer(torch.zeros(1, inputs))
        weight = layer(torch.eye(inputs)) - bias
    layer.train(mode)
    return weight.T.contiguous(), bias[0]


@worker_function("A few steps of Adam on the classifier")
def fit_layer(layer: nn.Module, inputs: Tensor, labels: Tensor, steps: int) -> None:
    """Train a layer alone with some steps of Adam, whose size doesn't depend on the scale of its parameters."""
    layer.train()
    optimizer = torch.optim.Adam(layer.parameters(), lr=3e-3, fused=True)
    for _ in range(steps):
        optimizer.zero_grad(set_to_none=True)
        functional.cross_entropy(layer(inputs), labels).backward()
        optimizer.step()


@worker_function()
def pretrained_stand_in(seed: int) -> tuple[str, dict[str, Tensor]]:
    """A state for ResNet-18 drawn from a seed, and the file name under which torchvision looks for its weights."""
    return resnet18_file(), resnet18_stand_in(seed)


@worker_function()
def resnet18_loss(state: dict[str, Tensor], images: Tensor, labels: Tensor) -> float:
    """The cross entropy of torchvision's ResNet-18 with this state, in training mode as during training."""
    model = _resnet18(state).train()
    with torch.no_grad(), small_numbers_as_zero():
        return float(functional.cross_entropy(model(images), labels))


@worker_function()
def forward_often(module: nn.Module, x: Tensor, times: int) -> None:
    """Run forward passes and drop their outputs. The grader measures the time."""
    with torch.no_grad():
        for _ in range(times):
            module(x)


# ---- part 5 ------------------------------------------------------------------------------------------------


@worker_function()
def draw_weights(model: nn.Module) -> None:
    """Draw the weights anew (Glorot and Bengio, 2010), so that nothing depends on how they were initialised."""
    for parameter in model.parameters():
        if parameter.requires_grad and parameter.ndim >= 2 and parameter.numel() > max(parameter.shape):
            nn.init.xavier_uniform_(parameter)


@worker_function("Training a small Transformer")
def learn_sequences(
    make: Callable[..., nn.Module],
    sizes: dict[str, Any],
    context: Tensor,
    target: Tensor,
    batch: int,
    rate: float,
    enough: float,
) -> dict[str, Tensor]:
    """Train a transformer to turn ``context`` (S, M) into ``target`` (S, L + 1), whose first token is the start.

    The rows are used once, in order, ``batch`` in a step of Adam, until of the tokens of the last eight batches, none
    of which the model had seen, the share ``enough`` was right. The model may return logits, log-probabilities or
    probabilities.

    Returns:
        The state of the trained model.
    """
    model = make(**sizes)
    model.train()
    draw_weights(model)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate, fused=True)
    right: deque[float] = deque(maxlen=8)
    for sources, targets in zip(context.split(batch), target.split(batch), strict=True):
        optimizer.zero_grad(set_to_none=True)
        out = model(sources, targets[:, :-1])
        if bool((out >= 0).all()) and bool((out <= 1).all()):
            out = (out + 1e-9).log()
        functional.cross_entropy(out.flatten(0, 1), targets[:, 1:].flatten()).backward()
        optimizer.step()
        right.append(float((out.detach().argmax(-1) == targets[:, 1:]).float().mean()))
        if len(right) == right.maxlen and statistics.fmean(right) >= enough:
            break
    return {name: value.detach() for name, value in model.state_dict().items()}


@worker_function("Writing sequences with the trained Transformer")
def greedy(model: nn.Module, context: Tensor, start: int, length: int) -> Tensor:
    """The sequences (N, length) that a transformer generates greedily, token by token, in evaluation mode."""
    model.eval()
    written = torch.full((len(context), 1), start, dtype=torch.int64)
    with torch.no_grad():
        for _ in range(length):
            written = torch.cat([written, model(context, written)[:, -1:].argmax(-1)], dim=1)
    return written[:, 1:]
