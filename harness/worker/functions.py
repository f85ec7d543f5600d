"""The functions that the grader may call in a worker, besides the student's own functions.

They work on objects that never leave the worker. Student code can falsify what they return, so a test recomputes
whatever it gives points for.
"""

from __future__ import annotations

import ast
import pickle
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

__all__ = ["WORKER_FUNCTIONS", "called", "worker_function"]

WORKER_FUNCTIONS: dict[str, Callable[..., Any]] = {}
_CALLED: dict[str, str] = {}

Function = TypeVar("Function", bound=Callable[..., Any])


def worker_function(description: str = "") -> Callable[[Function], Function]:
    """Register a function that tests may run in the worker, under its own name.

    Args:
        description: the function's work in the student's words, as the subject of a sentence: "A few steps of SGD".
    """

    def add(function: Function) -> Function:
        name = function.__name__
        if WORKER_FUNCTIONS.get(name, function).__module__ != function.__module__:
            raise ValueError(f"There are two worker functions {name}: give one of them another name.")
        WORKER_FUNCTIONS[name] = function
        _CALLED[name] = description or name
        return function

    return add


def called(name: str) -> str:
    """The description of a worker function, for messages."""
    return _CALLED.get(name, name)


@worker_function()
def call(target: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """``target(*args, **kwargs)``"""
    return target(*args, **kwargs)


@worker_function()
def attribute(target: Any, name: str) -> Any:
    """``target.name``"""
    return getattr(target, name)


@worker_function()
def value(target: Any) -> Any:
    """An object of the worker, by value if it can be sent."""
    return target


@worker_function()
def listed(target: Any) -> list[Any]:
    """The elements of a collection, such as a set or a range; for a dict, its keys."""
    return list(target)


@worker_function()
def pickled(target: Any) -> bytes:
    """An object as pickled bytes for another worker. The grader passes them on without opening them."""
    return pickle.dumps(target)


@worker_function()
def generator(seed: int) -> np.random.Generator:
    """A NumPy generator."""
    return np.random.default_rng(seed)


# ---- torch modules -----------------------------------------------------------------------------------------


@worker_function()
def state_dict(module: nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers by name."""
    return {name: value.detach() for name, value in module.state_dict().items() if isinstance(value, Tensor)}


@worker_function()
def in_plain_lists(module: nn.Module) -> list[str]:
    """The names of at most 5 attributes that hold unregistered modules, in a plain list, tuple or dict."""
    found = []
    for name, part in module.named_modules():
        for attribute, value in vars(part).items():
            values = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
            if not attribute.startswith("_") and any(isinstance(one, nn.Module) for one in values):
                found.append(f"{name}.{attribute}".lstrip("."))
    return found[:5]


@worker_function()
def load_state_dict(module: nn.Module, state: dict[str, Tensor]) -> None:
    """Load all parameters and buffers by name."""
    module.load_state_dict(state)


@worker_function()
def write(module: nn.Module, values: dict[str, Tensor]) -> None:
    """Write values into parameters and buffers by name, in place. The others stay unchanged."""
    targets = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    with torch.no_grad():
        for name, new in values.items():
            targets[name].copy_(new)


@worker_function()
def require_gradients(module: nn.Module, flag: bool) -> None:
    """``module.requires_grad_(flag)``"""
    module.requires_grad_(flag)


@worker_function()
def parameters(module: nn.Module) -> dict[str, Tensor]:
    """Registered parameters by name."""
    return {name: value.detach() for name, value in module.named_parameters()}


@worker_function()
def shapes(module: nn.Module, trained: bool) -> dict[str, list[int]]:
    """The shapes of registered parameters by name; with ``trained``, only of those that require a gradient."""
    return {name: list(value.shape) for name, value in module.named_parameters() if value.requires_grad or not trained}


@worker_function()
def set_mode(module: nn.Module, training: bool) -> None:
    """``module.train()`` or ``module.eval()``"""
    module.train(training)


@worker_function()
def forward(module: nn.Module, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """The module's output, computed without a graph."""
    with torch.no_grad():
        return module(*args, **kwargs)


@worker_function()
def gradients(module: nn.Module, inputs: list[Tensor], upstream: Tensor) -> dict[str, Any]:
    """The gradients of ``(output · upstream).sum()`` by parameter name, and by input. A missing gradient is None."""
    inputs = [x.detach().requires_grad_(x.is_floating_point()) for x in inputs]
    module.zero_grad(set_to_none=True)
    output = module(*inputs)
    output.backward(upstream)
    return {
        "output": output.detach(),
        "parameters": {name: value.grad for name, value in module.named_parameters()},
        "inputs": [x.grad for x in inputs],
    }


@worker_function()
def fill(module: nn.Module, name: str, values: Any) -> None:
    """Write values into the parameter ``name``, or a list of values into a list of parameters, in place."""
    target = getattr(module, name)
    targets, values = ([target], [values]) if isinstance(target, Tensor) else (list(target), values)
    if len(targets) != len(values):
        raise ValueError(f"{name} holds {len(targets)} parameters, expected {len(values)}")
    with torch.no_grad():
        for parameter, new in zip(targets, values, strict=True):
            if parameter.numel() != new.numel():
                raise ValueError(f"{name}: shape {tuple(parameter.shape)}, expected {tuple(new.shape)}")
            parameter.copy_(new.reshape(parameter.shape))


@worker_function()
def replace(module: nn.Module, name: str, values: Any) -> None:
    """Replace attribute ``name`` by a new parameter, or by a list of new parameters."""
    if isinstance(getattr(module, name, None), nn.ParameterList):  # a plain list can't take its place
        values = nn.ParameterList(values)
    setattr(module, name, values)


class _Operators(TorchDispatchMode):
    """Records the operators that run, with the groups of convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, int]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        groups = 1
        for argument, value in zip(func._schema.arguments, args, strict=False):
            if argument.name == "groups":
                groups = int(value)
        groups = int((kwargs or {}).get("groups", groups))
        self.seen.append((func._schema.name, groups))
        return func(*args, **(kwargs or {}))


@worker_function()
def operators(module: nn.Module, args: list[Any]) -> list[tuple[str, int]]:
    """The ATen operators of one forward pass in order, each with its ``groups`` (1 except for convolutions)."""
    with torch.no_grad(), _Operators() as trace:
        module(*args)
    return trace.seen


# ---- source text -------------------------------------------------------------------------------------------


@worker_function()
def keywords_in(source: bytes, name: str) -> list[int]:
    """The numbers of the lines on which a call in ``source`` passes a keyword ``name`` other than the constant 1.

    This runs in a worker, because hostile text can exhaust a parser's memory or stack.
    """
    return [
        keyword.value.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == name and not (isinstance(keyword.value, ast.Constant) and keyword.value.value == 1)
    ]
